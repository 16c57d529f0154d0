import type { Load } from "../../messaging/mod.ts";
import type { CheckedWorkers } from "../workloads/definition/params/workers.ts";

/** What is remembered of the time in which fewer workers were enough. */
export interface ScaleMemory {
  /** Since when, by the monotonic clock. */
  readonly since: number;
  /** The most workers that were needed meanwhile. */
  readonly peak: number;
}

/** What is known at a moment. */
export interface ScaleMoment {
  /** The monotonic clock, in milliseconds. */
  readonly now: number;
  /** What there is to do. */
  readonly load: Load;
  /** How many workers there are to be now. */
  readonly present: number;
}

/** What follows from it. */
export interface ScaleDecision {
  /** How many workers there should be. */
  readonly wanted: number;
  /** What is to be remembered, if anything is. */
  readonly memory: ScaleMemory | undefined;
  /** Milliseconds after which to decide again, though nothing has changed. */
  readonly after: number | undefined;
}

/** How many workers the load needs, whatever there are. */
export function neededWorkers(
  { waiting, running, saturated }: Load,
  workers: CheckedWorkers,
): number {
  const counted = Math.ceil((waiting + running) / workers.perWorker);
  // nobody knows how much more there is, so as many again are tried
  const needed = Math.max(counted, 2 * saturated);
  return Math.min(Math.max(needed, workers.min), workers.max);
}

/**
 * How many workers there should be. More, and what the bounds say, at once: to as many as the counted
 * tasks need, or where only more inputs are known of, to twice those that are ready. Fewer only when
 * fewer were enough for `idleFor` without a break: then as many as were needed at most meanwhile.
 */
export function decideScale(
  workers: CheckedWorkers,
  memory: ScaleMemory | undefined,
  { now, load, present }: ScaleMoment,
): ScaleDecision {
  const needed = neededWorkers(load, workers);
  if (needed >= present) return { wanted: needed, memory: undefined, after: undefined };
  const { since, peak } = memory === undefined
    ? { since: now, peak: needed }
    : { since: memory.since, peak: Math.max(memory.peak, needed) };
  const left = since + workers.idleFor - now;
  if (left > 0) {
    const wanted = Math.min(present, workers.max);
    return { wanted, memory: { since, peak }, after: left };
  }
  // from here on only what is needed from now on counts
  const isDown = needed >= peak;
  return {
    wanted: Math.min(peak, present, workers.max),
    memory: isDown ? undefined : { since: now, peak: needed },
    after: isDown ? undefined : workers.idleFor,
  };
}
