/**
 * What the status of a stateful set should say: a pure function of what is seen.
 *
 * @module
 */
import {
  availableIn,
  isDeleting,
  isReady,
  type Pod,
  sameJson,
  type StatefulSetStatus,
} from "../objects/mod.ts";
import { isRolling, type StatefulSetView } from "./plan_stateful_set.ts";
import { podRevision } from "./stateful_pods.ts";

/** The status to write, if it changes, and in how many ms a pod becomes available. */
export interface StatefulStatusPlan {
  readonly status?: StatefulSetStatus;
  readonly after?: number;
}

/** Decides what the status should say. */
export function planStatefulStatus(view: StatefulSetView): StatefulStatusPlan {
  const { set, pods, current, update, now } = view;
  const running = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod));
  const delays = running.map((pod) => availableIn(pod, set.spec.minReadySeconds ?? 0, now));
  const updatedReplicas = countOf(pods, update.metadata.name);
  const wanted = set.spec.replicas ?? 1;
  const isDone = isRolling(set) && updatedReplicas === wanted && pods.length === wanted &&
    running.length === wanted;
  const currentRevision = isDone ? update.metadata.name : current.metadata.name;
  const status = withoutZeros({
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: running.length,
    availableReplicas: delays.filter((delay) => delay === 0).length,
    currentReplicas: countOf(pods, currentRevision),
    updatedReplicas,
    currentRevision,
    updateRevision: update.metadata.name,
  });
  const waits = delays.filter((delay) => delay !== undefined && delay > 0) as number[];
  return {
    status: sameJson(status, withoutZeros(set.status)) ? undefined : status,
    after: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

function countOf(pods: readonly Pod[], revision: string): number {
  return pods.filter((pod) => podRevision(pod) === revision && !isDeleting(pod)).length;
}

/** As the API writes it: what is zero is left out, except for `replicas`. */
function withoutZeros(status: StatefulSetStatus | undefined): StatefulSetStatus {
  const { replicas = 0, ...rest } = status ?? {};
  return { replicas, ...Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== 0)) };
}
