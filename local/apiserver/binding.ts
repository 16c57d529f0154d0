/** Binding of a pod to a node. */
import type { Backend, WriteOptions } from "./backend.ts";
import { conflict, invalid } from "./errors.ts";
import { resource } from "./kinds.ts";
import { type ApiObject, at, formatTime, isObject, type JsonObject } from "./object.ts";
import { updateObject } from "./update.ts";

const PODS = resource("v1", "pods");

/** Sets the pod's node, once; its PodScheduled condition becomes true. */
export function bindPod(
  backend: Backend,
  binding: ApiObject,
  target: { namespace: string; name: string; options: WriteOptions },
): void {
  const { namespace, name, options } = target;
  const node = at(binding, "target", "name");
  if (typeof node !== "string" || node === "") {
    throw invalid({ group: "", kind: "Binding" }, name, [{
      reason: "FieldValueRequired",
      message: "Required value",
      field: "target.name",
    }]);
  }
  const fail = (why: string) => conflict({ group: "", plural: "pods/binding" }, name, why);
  updateObject(backend, PODS, {
    namespace,
    name,
    subresource: "binding",
    options: { ...options, fieldValidation: "Ignore" },
    patch: true,
    // A binding belongs to nobody.
    applied: true,
    change(pod) {
      const present = at(pod, "spec", "nodeName");
      if (pod.metadata.deletionTimestamp) {
        throw fail(`pod ${name} is being deleted, cannot be assigned to a host`);
      }
      if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid) {
        throw fail(
          `Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
        );
      }
      if (present) throw fail(`pod ${name} is already assigned to node ${JSON.stringify(present)}`);
      const status = isObject(pod.status) ? pod.status : {};
      const { annotations } = binding.metadata;
      return {
        ...pod,
        metadata: {
          ...pod.metadata,
          ...(annotations ? { annotations: { ...pod.metadata.annotations, ...annotations } } : {}),
        },
        spec: { ...pod.spec as JsonObject, nodeName: node },
        status: { ...status, conditions: withScheduled(status.conditions, backend.now()) },
      };
    },
  });
}

function withScheduled(conditions: unknown, now: Date): unknown[] {
  const others = (Array.isArray(conditions) ? conditions : [])
    .filter((condition) => condition.type !== "PodScheduled");
  return [...others, {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: formatTime(now),
  }];
}
