/**
 * What to do about a Job: a pure function of what is seen.
 *
 *   runs ⇄ suspended;  runs → SuccessCriteriaMet → Complete;  runs → FailureTarget → Failed
 *
 * The conditions in the middle say how it ends; the last ones come when no pod of it is left
 * running and all are counted, and are final.
 *
 * @module
 */
import {
  type Condition,
  conditionOf,
  type Draft,
  isDeleting,
  type Job,
  type JobStatus,
  type Note,
  type Pod,
  sameJson,
  timestamp,
  withCondition,
} from "../objects/mod.ts";
import { formatIndexes } from "./index_ranges.ts";
import { isTracked } from "./job_pods.ts";
import { isIndexed, type JobTally, tally } from "./job_tally.ts";
import { type JobView, planJobPods } from "./plan_job_pods.ts";

/** What is to be done, in this order. */
export interface JobPlan {
  /** Pods to make. */
  readonly create: readonly Draft[];
  /** Pods to delete; those that are not to be counted lose their finalizer first. */
  readonly remove: readonly Pod[];
  readonly uncounted: boolean;
  /** Pods whose finalizer can go. */
  readonly untrack: readonly Pod[];
  /**
   * The status to write when `active` pods are left after the above, if it changes, and what to
   * tell then.
   */
  readonly status: (active: number) => { status?: JobStatus; notes: readonly JobNote[] };
  /** How many pods are active now. */
  readonly active: number;
  /** Whether its time after its end is over, and it is to be deleted. */
  readonly expired: boolean;
  /** In how many ms to look again. */
  readonly after?: number;
}

/** What to tell of a Job. */
export type JobNote = Pick<Note, "type" | "reason" | "message">;

interface Failure {
  readonly reason: string;
  readonly message: string;
}

const NOTHING: Omit<JobPlan, "untrack"> = {
  create: [],
  remove: [],
  uncounted: false,
  status: () => ({ notes: [] }),
  active: 0,
  expired: false,
};

const REACHED: Failure = {
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
};

/** Whether the Job is over for good: the condition that says so. */
export function finalConditionOf({ status }: Job): Condition | undefined {
  return status?.conditions?.find(({ type, status }) =>
    (type === "Complete" || type === "Failed") && status === "True"
  );
}

/** Decides. */
export function planJob(view: JobView): JobPlan {
  const { job, pods, now } = view;
  const final = finalConditionOf(job);
  if (isDeleting(job) || final) {
    const untrack = pods.filter(isTracked);
    if (isDeleting(job)) return { ...NOTHING, untrack };
    return { ...NOTHING, untrack, ...expiry(job, final!, now) };
  }
  const conditions = job.status?.conditions;
  const target = trueCondition(conditions, "FailureTarget");
  const met = trueCondition(conditions, "SuccessCriteriaMet");
  const seen = tally(job, pods, target !== undefined);
  const start = startOf(view);
  const deadline = deadlineLeft(job, start, now);
  const failure = met ? undefined : target ? failureOf(target) : whyFailed(view, seen, deadline);
  const { active, untrack } = seen;
  const end = { seen, failure, start, met: met !== undefined };
  const base = { ...NOTHING, untrack, active: active.length };
  if (failure) return { ...base, remove: active, status: (left) => statusOf(view, end, left) };
  const { create, remove, after } = met
    ? { create: [], remove: [], after: undefined }
    : planJobPods(view, seen);
  const waits = [after, deadline].filter((ms) => ms !== undefined);
  return {
    ...base,
    create,
    remove,
    uncounted: true,
    status: (left) => statusOf(view, end, left),
    after: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

function trueCondition(conditions: readonly Condition[] | undefined, type: string) {
  const found = conditionOf(conditions, type);
  return found?.status === "True" ? found : undefined;
}

function failureOf({ reason = "", message = "" }: Condition): Failure {
  return { reason, message };
}

function expiry(job: Job, final: Condition, now: number): Pick<JobPlan, "expired" | "after"> {
  const seconds = job.spec.ttlSecondsAfterFinished;
  if (seconds === undefined) return { expired: false };
  const left = Date.parse(final.lastTransitionTime ?? "") + seconds * 1000 - now;
  return left > 0 ? { expired: false, after: left } : { expired: true };
}

/** When it began to run; a Job that is resumed begins anew. */
function startOf({ job, now }: JobView): string | undefined {
  const { status, spec } = job;
  if (spec.suspend) return status?.startTime;
  const resumed = trueCondition(status?.conditions, "Suspended");
  return resumed ? timestamp(now) : status?.startTime ?? timestamp(now);
}

function deadlineLeft({ spec }: Job, start: string | undefined, now: number): number | undefined {
  const { activeDeadlineSeconds: seconds, suspend } = spec;
  if (seconds === undefined || suspend || start === undefined) return undefined;
  return Math.max(0, Date.parse(start) + seconds * 1000 - now);
}

function whyFailed(
  { job }: JobView,
  { failed, fatal, active, failedIndexes, succeeded }: JobTally,
  deadline: number | undefined,
): Failure | undefined {
  const { backoffLimit = 6, completions = 0, maxFailedIndexes } = job.spec;
  if (fatal !== undefined) return { reason: "PodFailurePolicy", message: fatal };
  if (failed > backoffLimit || isPastLimit(job, active, backoffLimit)) {
    const message = "Job has reached the specified backoff limit";
    return { reason: "BackoffLimitExceeded", message };
  }
  if (deadline === 0) {
    const message = "Job was active longer than specified deadline";
    return { reason: "DeadlineExceeded", message };
  }
  if (!isIndexed(job)) return undefined;
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes) {
    const message = "Job has exceeded the specified maximal number of failed indexes";
    return { reason: "MaxFailedIndexesExceeded", message };
  }
  if (failedIndexes.size > 0 && failedIndexes.size + succeeded >= completions) {
    return { reason: "FailedIndexes", message: "Job has failed indexes" };
  }
  return undefined;
}

/** Whether containers that are restarted in their pods have failed too often. */
function isPastLimit({ spec }: Job, active: readonly Pod[], limit: number): boolean {
  if (spec.template.spec.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of active) {
    const { containerStatuses = [], initContainerStatuses = [] } = status ?? {};
    for (const one of [...containerStatuses, ...initContainerStatuses]) {
      restarts += one.restartCount ?? 0;
    }
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

interface End {
  readonly seen: JobTally;
  readonly failure: Failure | undefined;
  readonly met: boolean;
  readonly start: string | undefined;
}

function statusOf(
  { job, now }: JobView,
  { seen, failure, met, start }: End,
  active: number,
): ReturnType<JobPlan["status"]> {
  const before = job.status ?? {};
  const notes: JobNote[] = [];
  const time = timestamp(now);
  let conditions = before.conditions ?? [];
  const say = (type: string, { reason, message }: Failure, status = "True") => {
    const known = conditionOf(conditions, type);
    if (known?.status === status) return;
    const times = { lastProbeTime: time, lastTransitionTime: time };
    conditions = withCondition(conditions, { type, status, ...times, reason, message });
  };
  const idle = active === 0 && seen.active.length === 0;
  const over = idle && seen.settled && seen.terminating.length === 0;
  let { completionTime } = before;
  if (failure) {
    say("FailureTarget", failure);
    if (over) {
      say("Failed", failure);
      notes.push({ type: "Warning", ...failure });
    }
  } else if (met || (idle && isReached(job, seen))) {
    say("SuccessCriteriaMet", REACHED);
    if (over) {
      say("Complete", REACHED);
      completionTime = time;
      notes.push({ type: "Normal", reason: "Completed", message: "Job completed" });
    }
  } else if (job.spec.suspend) {
    const suspended = trueCondition(conditions, "Suspended");
    say("Suspended", { reason: "JobSuspended", message: "Job suspended" });
    if (!suspended) notes.push({ type: "Normal", reason: "Suspended", message: "Job suspended" });
  } else if (trueCondition(conditions, "Suspended")) {
    say("Suspended", { reason: "JobResumed", message: "Job resumed" }, "False");
    notes.push({ type: "Normal", reason: "Resumed", message: "Job resumed" });
  }
  const status: JobStatus = {
    ...withoutZeros({ active, succeeded: seen.counts.succeeded, failed: seen.counts.failed }),
    ...(start !== undefined && { startTime: start }),
    ...(completionTime !== undefined && { completionTime }),
    conditions,
    ready: Math.min(seen.ready, active),
    terminating: seen.terminating.length,
    ...(seen.completed.size > 0 && { completedIndexes: formatIndexes(seen.completed) }),
    ...(job.spec.backoffLimitPerIndex !== undefined &&
      { failedIndexes: formatIndexes(seen.failedIndexes) }),
    uncountedTerminatedPods: seen.counts.uncountedTerminatedPods,
  };
  return sameJson(status, before) ? { notes: [] } : { status, notes };
}

function isReached({ spec: { completions } }: Job, { succeeded }: JobTally): boolean {
  return completions === undefined ? succeeded > 0 : succeeded >= completions;
}

function withoutZeros<T extends Record<string, number>>(counts: T): Partial<T> {
  const entries = Object.entries(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(entries) as Partial<T>;
}
