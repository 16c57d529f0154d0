/**
 * What to do about a CronJob: a pure function of what is seen.
 *
 * @module
 */
import {
  controlledBy,
  type CronJob,
  type CronJobStatus,
  type Draft,
  isDeleting,
  type Item,
  type Job,
  type Note,
  type ObjectReference,
  sameJson,
  timestamp,
} from "../objects/mod.ts";
import { type CronSchedule, cronSchedule } from "./cron_schedule.ts";
import { finalConditionOf } from "./plan_job.ts";

/** When to look again after a time of the schedule, in ms, so that it surely has come. */
const MARGIN_MS = 100;

/** With more missed times than this, something is wrong, and it is said. */
const TOO_MANY_MISSED = 100;

/** What a decision is made from. */
export interface CronJobView {
  readonly cronJob: CronJob;
  /** The Jobs that it controls. */
  readonly jobs: readonly Job[];
  /** Uids of active Jobs that are known to be gone. */
  readonly gone: ReadonlySet<string>;
  /** Wall clock in ms. */
  readonly now: number;
}

/** What is to be done, in this order. */
export interface CronJobPlan {
  readonly notes: readonly CronJobNote[];
  /** Jobs that are to be deleted: too old, or replaced. */
  readonly remove: readonly { readonly namespace?: string; readonly name: string }[];
  /** The Job that is due. */
  readonly start?: Draft;
  /** The status to write, if it changes, given the Job that was started. */
  readonly status: (started?: Item) => CronJobStatus | undefined;
  /** In how many ms to look again. */
  readonly after?: number;
}

/** What to tell of a CronJob. */
export type CronJobNote = Pick<Note, "type" | "reason" | "message">;

/** Decides. */
export function planCronJob(view: CronJobView): CronJobPlan {
  const { cronJob, now } = view;
  const { spec, metadata, status = {} } = cronJob;
  const { notes, active, lastSuccessfulTime } = takeStock(view);
  const old = tooOld(view);
  let kept = active;
  const statusWith = (started?: Item, due?: number): CronJobStatus | undefined => {
    const running = started ? [...kept, referenceTo(started)] : kept;
    const next: CronJobStatus = {
      ...status,
      active: running,
      ...(lastSuccessfulTime && { lastSuccessfulTime }),
      ...(started && due !== undefined && { lastScheduleTime: timestamp(due) }),
    };
    return sameJson(next, status) ? undefined : next;
  };
  const rest = (after?: number): CronJobPlan => ({ notes, remove: old, status: statusWith, after });
  if (isDeleting(cronJob) || spec.suspend) return rest();

  let schedule: CronSchedule;
  try {
    schedule = cronSchedule(spec.schedule, spec.timeZone);
  } catch (error) {
    notes.push(unreadable(cronJob, error as Error));
    return rest();
  }
  const next = schedule.next(now);
  const after = next === undefined ? undefined : next - now + MARGIN_MS;
  const due = dueTime(view, schedule, notes);
  if (due === undefined) return rest(after);
  const deadline = spec.startingDeadlineSeconds;
  if (deadline !== undefined && due + deadline * 1000 < now) {
    const time = new Date(due).toUTCString().replace("GMT", "+0000");
    notes.push(warning("MissSchedule", `Missed scheduled time to start a job: ${time}`));
    return rest(after);
  }
  const name = `${metadata.name}-${Math.floor(due / 60_000)}`;
  const last = status.lastScheduleTime;
  if (active.some((job) => job.name === name) || (last && Date.parse(last) === due)) {
    return rest(after);
  }
  let replaced: readonly ObjectReference[] = [];
  if (spec.concurrencyPolicy === "Forbid" && active.length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy " +
      "is Forbid";
    notes.push({ type: "Normal", reason: "JobAlreadyActive", message });
    return rest(after);
  }
  if (spec.concurrencyPolicy === "Replace") [replaced, kept] = [active, []];
  const gone = replaced.map(({ namespace, name = "" }) => ({ namespace, name }));
  return {
    notes,
    remove: [...old, ...gone],
    start: jobOf(cronJob, name, due),
    status: (started) => statusWith(started, due),
    after,
  };
}

/** What became of its Jobs: which are still active, and what is worth telling. */
function takeStock({ cronJob, jobs, gone }: CronJobView) {
  const { active = [], lastSuccessfulTime } = cronJob.status ?? {};
  const notes: CronJobNote[] = [];
  const known = new Set(active.map(({ uid }) => uid));
  const over = new Set<string | undefined>();
  let success = lastSuccessfulTime;
  for (const job of jobs) {
    const { uid, name } = job.metadata;
    const final = finalConditionOf(job);
    if (!final && !known.has(uid)) {
      const message = `Saw a job that the controller did not create or forgot: ${name}`;
      notes.push(warning("UnexpectedJob", message));
    }
    if (!final) continue;
    if (known.has(uid)) {
      over.add(uid);
      const message = `Saw completed job: ${name}, condition: ${final.type}`;
      notes.push({ type: "Normal", reason: "SawCompletedJob", message });
    }
    const time = job.status?.completionTime;
    if (final.type === "Complete" && time && (!success || time > success)) success = time;
  }
  for (const { uid = "", name } of active) {
    if (!gone.has(uid)) continue;
    over.add(uid);
    const message = `Active job went missing: ${name}`;
    notes.push({ type: "Normal", reason: "MissingJob", message });
  }
  return {
    notes,
    active: active.filter(({ uid }) => !over.has(uid)),
    lastSuccessfulTime: success,
  };
}

/** The oldest Jobs that ended, beyond those that are kept. */
function tooOld({ cronJob: { spec }, jobs }: CronJobView): CronJobPlan["remove"] {
  const limits = { Complete: spec.successfulJobsHistoryLimit, Failed: spec.failedJobsHistoryLimit };
  return Object.entries(limits).flatMap(([type, limit]) => {
    if (limit === undefined) return [];
    const ended = jobs.filter((job) => finalConditionOf(job)?.type === type && !isDeleting(job));
    const excess = Math.max(0, ended.length - limit);
    return ended.sort(byStart).slice(0, excess)
      .map(({ metadata: { namespace, name } }) => ({ namespace, name }));
  });
}

function byStart(a: Job, b: Job): number {
  const [left, right] = [a, b].map(({ status, metadata }) =>
    `${status?.startTime ?? "~"} ${metadata.name}`
  );
  return left! < right! ? -1 : 1;
}

/** The last time of the schedule that has come since the last one that was acted on. */
function dueTime(
  { cronJob: { spec, status, metadata }, now }: CronJobView,
  schedule: CronSchedule,
  notes: CronJobNote[],
): number | undefined {
  let since = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? "");
  const deadline = spec.startingDeadlineSeconds;
  if (deadline !== undefined) since = Math.max(since, now - deadline * 1000);
  const first = schedule.next(since);
  if (first === undefined || first > now) return undefined;
  const second = schedule.next(first);
  if (second === undefined || second > now) return first;
  // not all of them one by one, after years that may be millions: from near the end, or before it
  const period = Math.max(1000, second - first);
  const missed = Math.floor((now - first) / period) + 1;
  let due = second;
  for (let back = 2 * period; due === second; back *= 2) {
    const near = Math.max(second, now - back);
    for (let time = schedule.next(near); time !== undefined && time <= now;) {
      due = time;
      time = schedule.next(time);
    }
    if (near === second) break;
  }
  if (missed > TOO_MANY_MISSED) {
    const message = "too many missed start times. Set or decrease " +
      ".spec.startingDeadlineSeconds or check clock skew";
    notes.push(warning("TooManyMissedTimes", message));
  }
  return due;
}

function unreadable({ spec }: CronJob, { name, message }: Error): CronJobNote {
  if (name === "RangeError") {
    return warning("UnknownTimeZone", `invalid timeZone: "${spec.timeZone}": ${message}`);
  }
  return warning("UnparseableSchedule", `unparseable schedule: "${spec.schedule}" : ${message}`);
}

function warning(reason: string, message: string): CronJobNote {
  return { type: "Warning", reason, message };
}

function jobOf(cronJob: CronJob, name: string, due: number): Draft & { readonly spec: unknown } {
  const { metadata: { labels, annotations } = {}, spec } = cronJob.spec.jobTemplate;
  const time = localTime(due, cronJob.spec.timeZone);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      labels,
      annotations: { ...annotations, "batch.kubernetes.io/cronjob-scheduled-timestamp": time },
      ownerReferences: [controlledBy(cronJob)],
    },
    spec,
  };
}

/** RFC 3339 with the offset of a time zone. */
function localTime(ms: number, timeZone = "Etc/UTC"): string {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  if (!sign) return timestamp(ms);
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return timestamp(ms + offset * 60_000).replace("Z", `${sign}${hours}:${minutes}`);
}

function referenceTo({ apiVersion, kind, metadata }: Item): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion, kind, namespace, name, uid, resourceVersion };
}
