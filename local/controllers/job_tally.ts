/**
 * Counts what became of a Job's pods, each pod once.
 *
 * Flow: every pod of a Job carries a finalizer, so that nobody can remove it uncounted. When it
 * has ended, (1) its uid goes into `status.uncountedTerminatedPods`, or its index into
 * `completedIndexes`; (2) when the cache shows that status, the finalizer goes; (3) when the cache
 * shows that too, the uid leaves the list and the count grows. Whoever dies in between leaves a
 * state from which the next one goes on.
 *
 * @module
 */
import {
  isActive,
  isDeleting,
  isReady,
  isTerminal,
  type Job,
  type JobStatus,
  type Pod,
} from "../objects/mod.ts";
import { parseIndexes } from "./index_ranges.ts";
import { verdictOn } from "./job_failure_policy.ts";
import { failuresBefore, indexOf, isFailed, isTracked } from "./job_pods.ts";

/** What is seen of a Job's pods. */
export interface JobTally {
  readonly active: readonly Pod[];
  readonly ready: number;
  /** Pods that are being deleted and have not ended. */
  readonly terminating: readonly Pod[];
  /** All that ever succeeded and failed, whether the status counts them yet or not. */
  readonly succeeded: number;
  readonly failed: number;
  /** What the status should say of them. */
  readonly counts: Required<Pick<JobStatus, "succeeded" | "failed" | "uncountedTerminatedPods">>;
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Pods whose finalizer can go. */
  readonly untrack: readonly Pod[];
  /** Whether no pod carries the finalizer and the status waits for none. */
  readonly settled: boolean;
  /** Why one failure of a pod fails the whole Job. */
  readonly fatal?: string;
}

/** Counts; `ending` when the Job is over, and pods that are told to go count as failed. */
export function tally(job: Job, pods: readonly Pod[], ending: boolean): JobTally {
  const { spec, status = {} } = job;
  const indexed = isIndexed(job);
  const limit = spec.completions ?? 0;
  const completed = parseIndexes(indexed ? status.completedIndexes : "", limit);
  const completedBefore = new Set(completed);
  const failedIndexes = parseIndexes(indexed ? status.failedIndexes : "", limit);
  const tracked = pods.filter(isTracked);
  const uids = new Set(tracked.map(({ metadata }) => metadata.uid));
  const before = status.uncountedTerminatedPods ?? {};
  const succeeded = new Set(before.succeeded?.filter((uid) => uids.has(uid)));
  const failed = new Set(before.failed?.filter((uid) => uids.has(uid)));
  const counted = {
    succeeded: (status.succeeded ?? 0) + (before.succeeded?.length ?? 0) - succeeded.size,
    failed: (status.failed ?? 0) + (before.failed?.length ?? 0) - failed.size,
  };
  const untrack: Pod[] = [];
  let fatal: string | undefined;

  for (const pod of tracked) {
    const { uid } = pod.metadata;
    const index = indexOf(pod);
    const known = !indexed || (index !== undefined && index < limit);
    if (pod.status?.phase === "Succeeded" && !failed.has(uid)) {
      if (!known || (index !== undefined && completedBefore.has(index)) || succeeded.has(uid)) {
        untrack.push(pod);
      } else if (indexed && index !== undefined) completed.add(index);
      else succeeded.add(uid);
    } else if (failed.has(uid) || isFailed(pod, job) || (ending && isLeaving(pod))) {
      const { action, message } = verdictOn(pod, job);
      if (action === "FailJob") fatal ??= message;
      if (indexed && index !== undefined && known && !completed.has(index)) {
        const limitPerIndex = spec.backoffLimitPerIndex ?? Infinity;
        const exhausted = action !== "Ignore" && failuresBefore(pod) >= limitPerIndex;
        if (exhausted || action === "FailIndex") failedIndexes.add(index);
      }
      if (!known || action === "Ignore") untrack.push(pod);
      else if (!failed.has(uid)) failed.add(uid);
      else if (before.failed?.includes(uid) && mayGo(pod)) untrack.push(pod);
    }
  }

  /** The last failure of an index is kept until the next pod knows how many there were. */
  function mayGo(pod: Pod): boolean {
    if (spec.backoffLimitPerIndex === undefined || ending) return true;
    const index = indexOf(pod)!;
    return completed.has(index) || failedIndexes.has(index) ||
      pods.some((other) => indexOf(other) === index && failuresBefore(other) > failuresBefore(pod));
  }

  const active = pods.filter(isActive);
  return {
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => isDeleting(pod) && !isTerminal(pod)),
    succeeded: indexed ? completed.size : counted.succeeded + succeeded.size,
    failed: counted.failed + failed.size,
    counts: {
      succeeded: indexed ? completed.size : counted.succeeded,
      failed: counted.failed,
      uncountedTerminatedPods: {
        ...(succeeded.size > 0 && { succeeded: [...succeeded] }),
        ...(failed.size > 0 && { failed: [...failed] }),
      },
    },
    completed,
    failedIndexes,
    untrack,
    settled: tracked.length === 0,
    fatal,
  };
}

function isLeaving(pod: Pod): boolean {
  return isTerminal(pod) || isDeleting(pod);
}

/** Whether each completion of the Job has an index. */
export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === "Indexed";
}
