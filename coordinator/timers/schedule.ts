import { cronTimes } from "./cron_times.ts";
import { intervalText } from "./interval.ts";

/** How far back the date of `at` may be when it is set for the first time, in milliseconds: a week. */
export const OLDEST = 7 * 24 * 3_600_000;

/** What cron counts in, and the window in which is looked first for due times of the past. */
const MINUTE = 60_000;

/** When a timer is due. Times are milliseconds since 1970. */
export interface Schedule {
  /** Tells it from all others: what was recorded of another one does not hold for it. */
  readonly text: string;
  /** Whether it is due only once. */
  readonly once: boolean;
  /** Milliseconds between two due times at least. */
  readonly shortest: number;
  /** After which time it is due, if it was set for the first time at `since`. */
  start(since: number): number;
  /** The first due time after `after`; none when there never is one. */
  next(after: number, since: number): number | undefined;
  /** The last due times after `after` up to `until`, at most `limit`, the earliest first. */
  between(range: { after: number; until: number; limit: number }, since: number): number[];
}

/** Due at `since` and each multiple of the interval after it. */
export function everySchedule(interval: number): Schedule {
  const index = (time: number, since: number): number => Math.floor((time - since) / interval);
  return {
    text: `every ${intervalText(interval)}`,
    once: false,
    shortest: interval,
    start: (since) => since,
    next: (after, since) => since + Math.max(1, index(after, since) + 1) * interval,
    between({ after, until, limit }, since) {
      const last = index(until, since);
      const first = Math.max(1, index(after, since) + 1, last - limit + 1);
      const length = Math.max(0, last - first + 1);
      return Array.from({ length }, (_, i) => since + (first + i) * interval);
    },
  };
}

/** Due once. */
export function atSchedule(date: Date): Schedule {
  const time = date.getTime();
  return {
    text: `at ${date.toISOString()}`,
    once: true,
    shortest: Infinity,
    start: (since) => since - OLDEST,
    next: (after) => time > after ? time : undefined,
    between: ({ after, until, limit }) => limit > 0 && time > after && time <= until ? [time] : [],
  };
}

/** Due at the times of a checked cron expression. */
export function cronSchedule(expression: string, timeZone: string): Schedule {
  const next = cronTimes(expression, timeZone);
  return {
    text: `cron ${expression}${timeZone === "UTC" ? "" : ` ${timeZone}`}`,
    once: false,
    shortest: MINUTE,
    start: (since) => since,
    next,
    // a cron expression says what comes next, so the past is searched in windows that double
    between({ after, until, limit }) {
      for (let window = MINUTE;; window *= 2) {
        const from = Math.max(after, until - window);
        const found: number[] = [];
        for (let at = next(from); at !== undefined && at <= until; at = next(at)) found.push(at);
        if (found.length >= limit || from === after) return found.slice(-limit);
      }
    },
  };
}
