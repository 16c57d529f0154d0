/**
 * What is kept of all timers of a coordinator, in one record: for each its schedule, since when its
 * grid counts, and the due time that was taken last. At most some 300 bytes each.
 *
 * @module
 */
import { z } from "zod";
import type { Schedule } from "./schedule.ts";

/** How long a timer is remembered that no leader declares any more, in milliseconds: a week. */
export const REMEMBERED = 7 * 24 * 3_600_000;

/** How many of those are remembered; the ones that are longest gone are forgotten. */
const MAX_GONE = 1000;

/**
 * How far what was recorded may lie in the future, in milliseconds. Less is a clock that was set back a
 * little, or another one's; then the timer waits, as no due time may come twice. More is a clock that
 * was wrong.
 */
const MAX_AHEAD = 3_600_000;

const time = z.number();

// what a later version may add is kept, as during a rolling update both write
const entry = z.looseObject({
  /** The schedule's text. */
  schedule: z.string(),
  /** When it was first declared, or declared with another schedule. */
  since: time,
  /** The due time that was taken last. */
  last: time.optional(),
  /** Id of the term that took it. */
  by: z.string().optional(),
  /** How often its handler was called, until that has ended; only where it is to be called again. */
  open: z.int().optional(),
  /** Since when nobody declares it. */
  gone: time.optional(),
});

/** Schema of the record. */
export const timerRecord = z.looseObject({ timers: z.record(z.string(), entry) });

/** The record's content; it is never changed in place. */
export interface TimerRecord {
  readonly timers: Readonly<Record<string, TimerEntry>>;
}

/** What is kept of one timer. */
export interface TimerEntry {
  readonly schedule: string;
  readonly since: number;
  readonly last?: number | undefined;
  readonly by?: string | undefined;
  readonly open?: number | undefined;
  readonly gone?: number | undefined;
}

/** Which timers there are. */
export interface Declaration {
  /** Schedules by the timers' names. */
  readonly declared: ReadonlyMap<string, { readonly schedule: Schedule }>;
  /** Names of those that were canceled. */
  readonly canceled: ReadonlySet<string>;
}

/** The entry of a timer, unless it is of another schedule or of a clock that was wrong. */
export function entryOf(
  record: TimerRecord | undefined,
  name: string,
  { schedule, now }: { schedule: Schedule; now: number },
): TimerEntry | undefined {
  const { timers } = record ?? { timers: {} };
  const found = Object.hasOwn(timers, name) ? timers[name]! : undefined;
  if (found === undefined || found.schedule !== schedule.text) return undefined;
  return isAhead(found, now) ? undefined : found;
}

/** Whether what is recorded was recorded by a clock that was wrong. */
export function isAhead({ since, last }: TimerEntry, now: number): boolean {
  return Math.max(since, last ?? since) > now + MAX_AHEAD;
}

/** Whether something must be written for the declaration's sake. */
export function isStale(record: TimerRecord, declaration: Declaration, now: number): boolean {
  for (const [name, { schedule }] of declaration.declared) {
    if (entryOf(record, name, { schedule, now }) === undefined) return true;
  }
  return [...declaration.canceled].some((name) => Object.hasOwn(record.timers, name));
}

/**
 * The record with an entry for each declared timer. What is declared no more is marked, and forgotten
 * after a week, so that during a rolling update the old program finds its timers as they were; what was
 * canceled is forgotten at once.
 */
export function register(
  record: TimerRecord | undefined,
  { declared, canceled }: Declaration,
  now: number,
): TimerRecord {
  const timers: [string, TimerEntry][] = [];
  const gone: [string, TimerEntry & { gone: number }][] = [];
  for (const [name, known] of Object.entries(record?.timers ?? {})) {
    if (declared.has(name) || canceled.has(name)) continue;
    const since = Math.min(known.gone ?? now, now); // by a clock that was wrong
    if (since + REMEMBERED > now) gone.push([name, { ...known, gone: since }]);
  }
  for (const [name, { schedule }] of declared) {
    const { gone: _, ...known } = entryOf(record, name, { schedule, now }) ??
      { schedule: schedule.text, since: now };
    timers.push([name, known]);
  }
  const kept = gone.sort(([, a], [, b]) => b.gone - a.gone).slice(0, MAX_GONE);
  return { ...record, timers: Object.fromEntries([...timers, ...kept]) };
}
