import type { DaemonSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import {
  identityOf,
  isEnding,
  isObserved,
  NOTHING,
  type StateOptions,
  whyOf,
} from "./head_fields.ts";
import type { DaemonSetState } from "./workload_event.ts";

/**
 * Reads a DaemonSet's state from the object; `deleted` says that the object is gone. `replicas` is
 * the number of nodes that are to run it. Its controller sets no conditions, so it is never
 * `stalled`: what holds it up is told by its pods.
 */
export function daemonSetState(set: DaemonSet, options: StateOptions = {}): DaemonSetState {
  const { metadata, spec, status } = set;
  const ending = isEnding(metadata, options);
  const replicas = status?.desiredNumberScheduled ?? 0;
  const counts = {
    readyReplicas: status?.numberReady ?? 0,
    availableReplicas: status?.numberAvailable ?? 0,
    updatedReplicas: status?.updatedNumberScheduled ?? 0,
  };
  const isUpdated = spec?.updateStrategy?.type === "OnDelete" ||
    counts.updatedReplicas >= replicas;
  const ready = !ending && isObserved(metadata, status) && isUpdated &&
    counts.readyReplicas >= replicas && counts.availableReplicas >= replicas;
  return {
    kind: "DaemonSet",
    ...identityOf(metadata),
    replicas,
    ...counts,
    ready,
    complete: false,
    stalled: false,
    ...(ready ? NOTHING : whyOf(ending, undefined)),
    source: set,
  };
}
