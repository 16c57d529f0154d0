/**
 * What supervision looks at: of each pod how often its containers have ended, and why the last time.
 *
 * A container's end is a *failure* unless it comes from outside: an eviction, a preemption, a node that
 * was shut down or lost, or a place that the node refused, which Kubernetes tells by the pod's reason
 * or by its condition `DisruptionTarget` (from 1.26 on). Those are *disruptions*. A pod that is being
 * deleted has neither.
 *
 * @module
 */
import type {
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
} from "@cloudydeno/kubernetes-apis/core/v1";
import type { HeadKind } from "../heads.ts";
import type { SupervisionPolicy } from "./policy.ts";

/** Reasons of a container whose end nobody saw, as the node was started again meanwhile. */
const UNSEEN_ENDS: readonly string[] = ["Unknown", "ContainerStatusUnknown"];

/** A pod as supervision sees it. */
export interface WorkerView {
  readonly name: string;
  readonly uid: string;
  /** How often its containers have ended: restarts, and one more if the pod has failed for good. */
  readonly ends: number;
  /** Whether it was disrupted from outside, as the reason of the last end if there was one. */
  readonly disrupted: boolean;
  /** Whether it is being deleted. */
  readonly terminating: boolean;
  /** Milliseconds that it was given to end. */
  readonly grace: number;
  /** Whether it is ready, by its condition. */
  readonly ready: boolean;
  /** Exit code of the last container that ended, if any did. */
  readonly exitCode: number | undefined;
  /** Why it ended, such as `OOMKilled`. */
  readonly reason: string | undefined;
}

/** A workload as supervision sees it. */
export interface WorkloadView {
  readonly name: string;
  readonly kind: HeadKind;
  readonly policy: SupervisionPolicy;
  /** How many workers it should have; none for kinds that have no number. */
  readonly replicas: number | undefined;
  readonly pods: readonly WorkerView[];
}

/** The workloads of one group, in the group's order. */
export type Observation = readonly WorkloadView[];

/** Reads what supervision looks at. */
export function observeWorker(pod: Pod): WorkerView {
  const { metadata, status } = pod;
  const statuses = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []];
  const last = lastEnd(statuses);
  const failed = status?.phase === "Failed";
  const refused = failed && Boolean(status?.reason) && status?.reason !== "DeadlineExceeded";
  const targeted = status?.conditions?.some((c) =>
    c.type === "DisruptionTarget" && c.status === "True"
  );
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    ends: statuses.reduce((sum, one) => sum + one.restartCount, 0) + (failed ? 1 : 0),
    disrupted: refused || targeted === true || UNSEEN_ENDS.includes(last?.reason ?? ""),
    terminating: metadata?.deletionTimestamp != null,
    grace: (metadata?.deletionGracePeriodSeconds ?? 0) * 1000,
    ready: status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false,
    exitCode: last?.exitCode,
    reason: status?.reason || last?.reason || undefined,
  };
}

function lastEnd(statuses: readonly ContainerStatus[]): ContainerStateTerminated | undefined {
  return statuses
    .map(({ state, lastState }) => state?.terminated ?? lastState?.terminated)
    .filter((end) => end != null)
    .sort((a, b) => (b.finishedAt?.getTime() ?? 0) - (a.finishedAt?.getTime() ?? 0))[0];
}
