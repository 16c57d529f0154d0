/**
 * How long a Job waits after failures before it makes a pod anew.
 *
 * @module
 */
import type { Job, Pod } from "../objects/mod.ts";
import { endOf, failuresBefore, indexOf, isFailed } from "./job_pods.ts";

/** The longest wait, in ms; mirrors MaxJobBackOff. */
const MAX_BACKOFF_MS = 360_000;

/** What a wait is made from. */
export interface JobBackoffOptions {
  /** Ms after the first failure; each further one doubles it. */
  readonly base: number;
  /** Wall clock in ms. */
  readonly now: number;
}

/** Ms to wait after the failures that no success came after. */
export function backoffLeft(job: Job, pods: readonly Pod[], options: JobBackoffOptions): number {
  const lastSuccess = Math.max(
    ...pods.filter((pod) => pod.status?.phase === "Succeeded").map(endOf),
    -Infinity,
  );
  const failures = pods.filter((pod) => isFailed(pod, job)).map(endOf)
    .filter((time) => time > lastSuccess);
  if (failures.length === 0) return 0;
  return left(Math.max(...failures), failures.length, options);
}

/** Failures of one index, and ms to wait after the last one. */
export function indexBackoff(
  job: Job,
  pods: readonly Pod[],
  index: number,
  options: JobBackoffOptions,
): { failures: number; left: number } {
  let [failures, last] = [0, -Infinity];
  for (const pod of pods) {
    if (indexOf(pod) !== index || !isFailed(pod, job)) continue;
    failures = Math.max(failures, failuresBefore(pod) + 1);
    last = Math.max(last, endOf(pod));
  }
  return { failures, left: failures === 0 ? 0 : left(last, failures, options) };
}

function left(last: number, failures: number, { base, now }: JobBackoffOptions): number {
  const wait = Math.min(base * 2 ** (failures - 1), MAX_BACKOFF_MS);
  return Math.max(0, last + wait - now);
}
