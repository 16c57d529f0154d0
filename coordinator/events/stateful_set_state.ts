import type { StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import {
  identityOf,
  isEnding,
  isObserved,
  NOTHING,
  type StateOptions,
  whyOf,
} from "./head_fields.ts";
import type { StatefulSetState } from "./workload_event.ts";

/**
 * Reads a StatefulSet's state from the object; `deleted` says that the object is gone. Its
 * controller sets no conditions, so it is never `stalled`: what holds it up is told by its pods.
 */
export function statefulSetState(set: StatefulSet, options: StateOptions = {}): StatefulSetState {
  const { metadata, spec, status } = set;
  const ending = isEnding(metadata, options);
  const replicas = spec?.replicas ?? 1;
  const readyReplicas = status?.readyReplicas ?? 0;
  // Kubernetes before 1.22 does not count those that are available
  const availableReplicas = status?.availableReplicas ?? readyReplicas;
  const updatedReplicas = status?.updatedReplicas ?? 0;
  const ready = !ending && isObserved(metadata, status) && isUpdated(set) &&
    (status?.replicas ?? 0) === replicas &&
    readyReplicas === replicas && availableReplicas === replicas;
  return {
    kind: "StatefulSet",
    ...identityOf(metadata),
    replicas,
    readyReplicas,
    availableReplicas,
    updatedReplicas,
    ready,
    complete: false,
    stalled: false,
    ...(ready ? NOTHING : whyOf(ending, undefined)),
    source: set,
  };
}

/** Whether all pods are as last applied that its strategy replaces by itself. */
function isUpdated({ spec, status }: StatefulSet): boolean {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type === "OnDelete") return true;
  const wanted = Math.max(0, (spec?.replicas ?? 1) - (rollingUpdate?.partition ?? 0));
  return (status?.updatedReplicas ?? 0) >= wanted;
}
