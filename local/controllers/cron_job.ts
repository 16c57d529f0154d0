/**
 * The CronJob controller: makes a Job at each time of a schedule. A Job's name follows from the
 * CronJob's and the time, so that no time is acted on twice, whatever is seen late.
 *
 * @module
 */
import { isAlreadyExists, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  controllerOf,
  CRON_JOBS,
  type CronJob,
  type Draft,
  type Item,
  type Job,
  JOBS,
} from "../objects/mod.ts";
import {
  type Again,
  again,
  type Cache,
  type ControllerContext,
  GROUP,
  keyOf,
  reconcilerOf,
} from "./context.ts";
import { isNamespaceEnding } from "./namespace_ending.ts";
import { type CronJobNote, type CronJobPlan, planCronJob } from "./plan_cron_job.ts";
import { finalConditionOf } from "./plan_job.ts";

/** Options of {@linkcode cronJobController}. */
export interface CronJobControllerOptions {
  readonly jobs: Cache<Job>;
}

/** Starts reconciling CronJobs. */
export function cronJobController(
  context: ControllerContext,
  { jobs }: CronJobControllerOptions,
): Reconciler {
  const { client } = context;
  const cronJobs = context.informers.of(CRON_JOBS);
  const reconciler = reconcilerOf(context, { name: "cronjob", reconcile });

  cronJobs.onChange(({ object }) => reconciler.enqueue(keyOf(object)));
  jobs.onChange(({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind !== "CronJob") return;
    reconciler.enqueue(`${object.metadata.namespace}/${owner.name}`);
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const cached = cronJobs.get(key);
    if (!cached) return;
    const own = [...jobs.index.in(GROUP.controlledBy(cached.metadata.uid))];
    const cronJob = own.every((job) => isExpected(cached, job))
      ? cached
      : await client.get(CRON_JOBS, cached.metadata, { signal }); // the cache may lag
    if (cronJob.metadata.uid !== cached.metadata.uid) return;
    const gone = await missing(cronJob, own, signal);
    const plan = planCronJob({ cronJob, jobs: own, gone, now: context.now() });
    for (const note of plan.notes) tell(cronJob, note);
    await carryOut(cronJob, plan, signal);
    return again(plan.after);
  }

  async function carryOut(cronJob: CronJob, plan: CronJobPlan, signal: AbortSignal) {
    for (const target of plan.remove) await remove(cronJob, target, signal);
    const started = plan.start && await start(cronJob, plan.start, signal);
    const status = plan.status(started);
    if (!status) return;
    const object = { ...cronJob, status };
    await client.write({ verb: "update", kind: CRON_JOBS, object, subresource: "status" }, {
      signal,
    });
  }

  /** The uids of active Jobs that are neither in the cache nor on the server. */
  async function missing(
    { status }: CronJob,
    own: readonly Job[],
    signal: AbortSignal,
  ): Promise<Set<string>> {
    const present = new Set<string | undefined>(own.map(({ metadata }) => metadata.uid));
    const gone = new Set<string>();
    for (const { namespace, name = "", uid = "" } of status?.active ?? []) {
      if (present.has(uid)) continue;
      const found = await find({ namespace, name }, signal);
      if (found?.metadata.uid !== uid) gone.add(uid);
    }
    return gone;
  }

  async function find(target: { namespace?: string; name: string }, signal: AbortSignal) {
    try {
      return await client.get(JOBS, target, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function remove(
    cronJob: CronJob,
    target: CronJobPlan["remove"][number],
    signal: AbortSignal,
  ): Promise<void> {
    const options = { propagationPolicy: "Background" } as const;
    try {
      await client.write({ verb: "delete", kind: JOBS, target, options }, { signal });
      const message = `Deleted job ${target.name}`;
      tell(cronJob, { type: "Normal", reason: "SuccessfulDelete", message });
    } catch (error) {
      if (isNotFound(error)) return;
      const message = `Deleted job: ${(error as Error).message}`;
      tell(cronJob, { type: "Warning", reason: "FailedDelete", message });
      throw error;
    }
  }

  /** The Job of a time: made now, or before by one who did not come to write it down. */
  async function start(
    cronJob: CronJob,
    object: Draft,
    signal: AbortSignal,
  ): Promise<Item | undefined> {
    try {
      const job = await client.write({ verb: "create", kind: JOBS, object }, { signal });
      const message = `Created job ${job.metadata.name}`;
      tell(cronJob, { type: "Normal", reason: "SuccessfulCreate", message });
      return job;
    } catch (error) {
      if (isAlreadyExists(error)) {
        const { namespace, name = "" } = object.metadata;
        const found = await find({ namespace, name }, signal);
        return found && controllerOf(found)?.uid === cronJob.metadata.uid ? found : undefined;
      }
      if (!isNamespaceEnding(error) && !signal.aborted) {
        const message = `Error creating job: ${(error as Error).message}`;
        tell(cronJob, { type: "Warning", reason: "FailedCreate", message });
      }
      throw error;
    }
  }

  function tell(about: CronJob, note: CronJobNote): void {
    context.events.record({ about, source: "cronjob-controller", ...note });
  }
}

function isExpected({ status }: CronJob, job: Job): boolean {
  const known = status?.active?.some(({ uid }) => uid === job.metadata.uid) ?? false;
  return known || finalConditionOf(job) !== undefined;
}
