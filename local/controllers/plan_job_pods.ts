/**
 * Which pods of a Job are to come and to go while it is not over.
 *
 * @module
 */
import type { Draft, Job, Pod } from "../objects/mod.ts";
import { backoffLeft, indexBackoff } from "./job_backoff.ts";
import { indexOf, jobPod } from "./job_pods.ts";
import { isIndexed, type JobTally } from "./job_tally.ts";
import { rankForDeletion } from "./pod_ranking.ts";

/** Pods that one pass creates or deletes at most; mirrors MaxPodCreateDeletePerSync. */
const BURST = 500;

/** What a decision about a Job is made from. */
export interface JobView {
  readonly job: Job;
  /** All pods that it has, those that ended too. */
  readonly pods: readonly Pod[];
  /** Ms that it waits after a first failure. */
  readonly backoffBase: number;
  /** Wall clock in ms. */
  readonly now: number;
}

/** Pods to make, or to delete without counting them, and when to look again. */
export interface JobPodsPlan {
  readonly create: readonly Draft[];
  readonly remove: readonly Pod[];
  readonly after?: number;
}

/** Decides which pods come or go. */
export function planJobPods(view: JobView, seen: JobTally): JobPodsPlan {
  const { job, now } = view;
  const { active } = seen;
  if (job.spec.suspend) return { create: [], remove: active.slice(0, BURST) };
  const wanted = wantedPods(job, seen);
  const useless = isIndexed(job) ? uselessPods(job, seen) : [];
  const useful = active.filter((pod) => !useless.includes(pod));
  const excess = useful.length - wanted;
  const ranked = excess > 0 ? rankForDeletion(useful, { crowdOn: () => 0, now }) : [];
  const remove = [...useless, ...ranked.slice(0, Math.max(0, excess))];
  if (remove.length > 0) return { create: [], remove: remove.slice(0, BURST) };
  const waits = job.spec.podReplacementPolicy === "Failed" ? seen.terminating : [];
  const missing = Math.min(wanted - active.length - waits.length, BURST);
  if (missing <= 0) return { create: [], remove: [] };
  const taken = new Set([...active, ...waits].map(indexOf));
  if (job.spec.backoffLimitPerIndex !== undefined) {
    return planByIndex(view, pendingIndexes(job, seen, taken), missing);
  }
  const after = backoffLeft(job, view.pods, { base: view.backoffBase, now });
  if (after > 0) return { create: [], remove: [], after };
  const places = isIndexed(job)
    ? [...first(pendingIndexes(job, seen, taken), missing)].map((index) => ({ index }))
    : Array.from({ length: missing }, () => undefined);
  return { create: places.map((place) => jobPod(job, place)), remove: [] };
}

function wantedPods({ spec }: Job, { active, succeeded, failedIndexes }: JobTally): number {
  const { parallelism = 1, completions } = spec;
  // without a number of completions, the first success ends it: no pod is replaced any more
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded - failedIndexes.size));
}

/** Pods whose index is none of the Job's, is done, or is another pod's too. */
function uselessPods({ spec }: Job, { active, completed, failedIndexes }: JobTally): Pod[] {
  const taken = new Set<number>();
  return active.filter((pod) => {
    const index = indexOf(pod);
    const useful = index !== undefined && index < (spec.completions ?? 0) &&
      !completed.has(index) && !failedIndexes.has(index) && !taken.has(index);
    if (useful) taken.add(index);
    return !useful;
  });
}

function* pendingIndexes(
  { spec }: Job,
  { completed, failedIndexes }: JobTally,
  taken: ReadonlySet<number | undefined>,
): Iterable<number> {
  for (let index = 0; index < (spec.completions ?? 0); index++) {
    if (!completed.has(index) && !failedIndexes.has(index) && !taken.has(index)) yield index;
  }
}

/** Each index waits by itself after its own failures. */
function planByIndex(view: JobView, pending: Iterable<number>, missing: number): JobPodsPlan {
  const { job, pods, backoffBase, now } = view;
  const create: Draft[] = [];
  let after: number | undefined;
  for (const index of pending) {
    if (create.length === missing) break;
    const { failures, left } = indexBackoff(job, pods, index, { base: backoffBase, now });
    if (left > 0) after = Math.min(after ?? Infinity, left);
    else create.push(jobPod(job, { index, failures }));
  }
  return { create, remove: [], after };
}

function* first<T>(items: Iterable<T>, count: number): Iterable<T> {
  if (count <= 0) return;
  for (const item of items) {
    yield item;
    if (--count === 0) return;
  }
}
