import type { Change, KubeObject, ResourceKind } from "../../kube/mod.ts";
import type { FlightRecorder } from "./flight_recorder.ts";

/**
 * Records the changes that a reflector of `kind` tells, for its `onChange`. The object remembers its
 * entry: `recorder.idOf(object)` is the cause of what is done about it.
 */
export function recordChanges<T extends KubeObject>(
  recorder: FlightRecorder,
  kind: Pick<ResourceKind<T>, "kind">,
): (change: Change<T>) => void {
  return ({ type, object, replayed }) => {
    const { name, namespace, resourceVersion, uid } = object.metadata ?? {};
    const id = recorder.record({
      kind: "change",
      object: { kind: kind.kind, ...(namespace && { namespace }), name: name ?? "" },
      type,
      ...(resourceVersion && { resourceVersion }),
      ...(uid && { uid }),
      ...(replayed && { replayed }),
    });
    recorder.remember(object, id);
  };
}
