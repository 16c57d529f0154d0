import type { Schedule } from "./schedule.ts";
import type { TimerEntry } from "./timer_record.ts";

/** How many due times that were missed are made up for, with `missed: "all"`: the last ones. */
export const MAX_ALL = 1000;

/** How far missed due times are counted. */
const MAX_COUNTED = 1000;

/** How often a handler is called for one due time, with `interrupted: "again"`. */
export const MAX_CALLS = 3;

/** What becomes of due times that were missed. */
export type MissedPolicy = "latest" | "all" | "skip";

/** What becomes of a due time whose handler had begun when its leader died. */
export type InterruptedPolicy = "skip" | "again";

/** What is decided by. */
export interface DueOptions {
  readonly schedule: Schedule;
  readonly missed: MissedPolicy;
  readonly interrupted: InterruptedPolicy;
  /** Since when this leader has been waiting for it, with no handler at work. */
  readonly waiting: number;
}

/** A due time for which the handler is to be called. */
export interface Due {
  readonly due: number;
  /** How many due times before it are left out, since the last one. */
  readonly missed: number;
  /** How often the handler is called for it, with this call; 1 unless it was interrupted. */
  readonly call: number;
}

/** When there is something to do for a timer next; none when there never is. */
export function nextDue(entry: TimerEntry, options: DueOptions): number | undefined {
  const { schedule, missed, waiting } = options;
  const after = entry.last ?? schedule.start(entry.since);
  return schedule.next(missed === "skip" ? Math.max(after, waiting - 1) : after, entry.since);
}

/** For which due time the handler is to be called now, if for any. */
export function dueNow(entry: TimerEntry, options: DueOptions, now: number): Due | undefined {
  const { schedule, missed: policy, waiting } = options;
  const { since } = entry;
  const after = entry.last ?? schedule.start(since);
  const first = schedule.next(after, since);
  if (first === undefined || first > now) return undefined;
  const isAmong = policy === "all" && (now - first) / schedule.shortest < MAX_ALL;
  const limit = policy === "all" ? MAX_ALL : 1;
  const due = isAmong ? first : schedule.between({ after, until: now, limit }, since)[0]!;
  if (policy === "skip" && due < waiting) return undefined;
  const missed = schedule.between({ after, until: due - 1, limit: MAX_COUNTED }, since).length;
  return { due, missed, call: 1 };
}

/**
 * What is to be called again, as it was interrupted.
 *
 * @param id of this leader's term
 */
export function interruptedBefore(
  entry: TimerEntry,
  { interrupted }: DueOptions,
  id: string,
): Due | undefined {
  const { last, by, open } = entry;
  if (interrupted === "skip" || last === undefined || open === undefined || by === id) {
    return undefined;
  }
  return { due: last, missed: 0, call: open + 1 };
}

/** The entry of a timer, with a due time taken in the name of a term. */
export function taken(
  entry: TimerEntry,
  { due, call }: Due,
  { id, interrupted }: { id: string; interrupted: InterruptedPolicy },
): TimerEntry {
  const { open: _, ...rest } = entry;
  return { ...rest, last: due, by: id, ...(interrupted === "again" && { open: call }) };
}
