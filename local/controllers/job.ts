/**
 * The Job controller: runs pods until enough of them have succeeded, or too many have failed.
 *
 * What it creates or deletes is awaited in the cache before it looks again (expectations), and
 * each pod is counted once (`job_tally.ts`). Needs a server that keeps
 * `status.uncountedTerminatedPods`: 1.23 or later.
 *
 * @module
 */
import { isNotFound, type Reconciler } from "../../kube/mod.ts";
import { controllerOf, type Item, type Job, JOBS, type Pod, PODS } from "../objects/mod.ts";
import { claim } from "./claims.ts";
import {
  type Again,
  again,
  type Cache,
  type ControllerContext,
  GROUP,
  keyOf,
  reconcilerOf,
} from "./context.ts";
import { ownersOf } from "./deployment.ts";
import { Expectations } from "./expectations.ts";
import { isTracked, TRACKED, untracked } from "./job_pods.ts";
import { type JobPlan, planJob } from "./plan_job.ts";
import { inParallel, PodControl } from "./pod_control.ts";
import { takeClaims } from "./take_claims.ts";

/** Options of {@linkcode jobController}. */
export interface JobControllerOptions {
  readonly jobs: Cache<Job>;
  /** Ms that a Job waits after a first failure. */
  readonly backoffBase: number;
}

const SOURCE = "job-controller";

/** Who runs a Job that names no other controller. */
const OWN_NAME = "kubernetes.io/job-controller";

/** Starts reconciling Jobs; the second reconciler sees to pods that no Job counts. */
export function jobController(
  context: ControllerContext,
  { jobs, backoffBase }: JobControllerOptions,
): [Reconciler, Reconciler] {
  const { client, pods, events } = context;
  const expectations = new Expectations(context.monotonic);
  const control = new PodControl(context, { expectations, source: SOURCE });
  const reconciler = reconcilerOf(context, { name: "job", reconcile });
  const orphans = reconcilerOf(context, { name: "job pods", reconcile: reconcilePod });

  jobs.onChange(({ type, object }) => {
    const { uid } = object.metadata;
    if (type === "deleted") {
      expectations.forget(uid);
      for (const pod of pods.index.in(GROUP.controlledBy(uid))) orphans.enqueue(keyOf(pod));
    }
    reconciler.enqueue(keyOf(object));
  });
  pods.onChange((change) => {
    expectations.saw(change);
    const pod = change.object;
    for (const owner of ownersOf(pod, jobs)) reconciler.enqueue(keyOf(owner));
    if (change.type !== "deleted" && isTracked(pod)) orphans.enqueue(keyOf(pod));
  });
  return [reconciler, orphans];

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const job = jobs.get(key);
    if (!job || (job.spec.managedBy ?? OWN_NAME) !== OWN_NAME) return;
    const { uid, namespace } = job.metadata;
    const pending = expectations.pendingFor(uid);
    if (pending > 0) return { after: pending };

    const candidates = [
      ...pods.index.in(GROUP.controlledBy(uid)),
      ...pods.index.in(GROUP.orphans(namespace)),
    ];
    const claims = claim(job, candidates, { kind: PODS, finalizer: TRACKED });
    await takeClaims(claims, { client, kind: JOBS, owner: job, signal });
    const plan = planJob({ job, pods: claims.owned, backoffBase, now: context.now() });
    await carryOut(job, plan, signal);
    return again(plan.after);
  }

  async function carryOut(job: Job, plan: JobPlan, signal: AbortSignal): Promise<void> {
    const created = await control.create(job, plan.create, signal);
    if (plan.uncounted) await untrack(plan.remove, signal);
    const removed = await control.remove(job, plan.remove, signal);
    signal.throwIfAborted();
    const { status, notes } = plan.status(plan.active + created.count - removed.count);
    if (status) {
      const object = { ...job, status };
      await client.write({ verb: "update", kind: JOBS, object, subresource: "status" }, { signal });
      for (const note of notes) events.record({ about: job, source: SOURCE, ...note });
    }
    await untrack(plan.untrack, signal);
    if (plan.expired) await expire(job, signal);
    const failed = created.failed ?? removed.failed;
    if (failed) throw failed.error;
  }

  /** Lets pods go that are counted. */
  async function untrack(counted: readonly Pod[], signal: AbortSignal): Promise<void> {
    const [error] = await inParallel(counted.filter(isTracked), (pod) => untrackOne(pod, signal));
    if (error !== undefined) throw error;
  }

  async function untrackOne(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid, resourceVersion } = pod.metadata;
    const patch = { metadata: { uid, resourceVersion, finalizers: untracked(pod) } };
    const target = { namespace, name };
    try {
      await client.write({ verb: "patch", kind: PODS, target, patch }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function expire(job: Job, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid, resourceVersion } = job.metadata;
    const options = { uid, resourceVersion, propagationPolicy: "Foreground" } as const;
    const target = { namespace, name };
    try {
      await client.write({ verb: "delete", kind: JOBS, target, options }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Lets a pod go whose Job is no more: nobody will count it. */
  async function reconcilePod(key: string, signal: AbortSignal): Promise<void> {
    const pod = pods.get(key);
    if (pod && isTracked(pod) && !hasJob(pod)) await untrackOne(pod, signal);
  }

  function hasJob(pod: Item): boolean {
    const owner = controllerOf(pod);
    // an orphan that a Job is about to adopt is no one's until then
    if (owner?.kind !== "Job") return false;
    const job = jobs.get(`${pod.metadata.namespace}/${owner.name}`);
    return job?.metadata.uid === owner.uid;
  }
}
