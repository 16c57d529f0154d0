import { z } from "zod";
import { checkOptions, type Handler, quote } from "../../runtime/mod.ts";
import { CRON_ALLOWED, isCronExpression, isTimeZone } from "../cron_expression.ts";
import type { InterruptedPolicy, MissedPolicy } from "./due.ts";
import { parseInterval } from "./interval.ts";
import { atSchedule, cronSchedule, everySchedule, type Schedule } from "./schedule.ts";

/** The shortest interval, in milliseconds: each due time is a write to the cluster. */
const MIN_INTERVAL = 100;

/** The longest interval, in milliseconds: a leap year. */
const MAX_INTERVAL = 366 * 24 * 3_600_000;

/** The longest name and the longest cron expression, in characters: all timers share one object. */
const MAX_TEXT = 150;

/** The zone of cron expressions that name none: replicas must agree, whatever zone their hosts have. */
const DEFAULT_ZONE = "UTC";

/** One due time of a timer, as its handler sees it. */
export interface TimerEvent {
  /** The timer's name. */
  readonly name: string;
  /** The time for which it was called: the handler is called once for each. */
  readonly due: Date;
  /** Milliseconds between then and the call. */
  readonly lateBy: number;
  /** How many due times were left out since the one before; counted up to 1,000. */
  readonly missed: number;
  /** Whether it was called for this due time before, by a leader that died; see `interrupted`. */
  readonly again: boolean;
  /** Aborts when the term ends, before another coordinator can lead. */
  readonly signal: AbortSignal;
  /** The term's fencing token, which only grows; none without an election. */
  readonly token: number | undefined;
}

/** Options of a timer. */
export interface TimerOptions {
  /**
   * Identifies the timer, over restarts and replicas: at most 150 characters.
   * @default made of the schedule, such as `"every 10m"`
   */
  name?: string;
  /**
   * What becomes of due times at which no coordinator led, or the handler was still at work with an
   * earlier one: `"latest"` calls it once, for the last of them; `"all"` calls it for each, one after
   * another, up to the last 1,000; `"skip"` leaves them out.
   * @default "latest"
   */
  missed?: MissedPolicy;
  /**
   * What becomes of a due time whose handler had begun when its leader died: `"skip"` leaves it, so that
   * the handler is called at most once; `"again"` calls it again, at most three times altogether, and
   * costs a second write for each due time.
   * @default "skip"
   */
  interrupted?: InterruptedPolicy;
  /** Cancels the timer when it aborts. */
  signal?: AbortSignal;
}

/** Options of a timer with a cron expression. */
export interface CronTimerOptions extends TimerOptions {
  /**
   * Time zone of the expression, such as `Europe/Berlin`.
   * @default "UTC"
   */
  timeZone?: string;
}

/** A timer that was set. */
export interface Timer {
  /** Its name. */
  readonly name: string;
  /**
   * When it is due next, as far as it is known here: while another one leads, and before the start,
   * that of an interval is not. None when it never is again.
   */
  readonly next: Date | undefined;
  /** Ends it. A handler that is at work goes on. The leader's record forgets it. */
  cancel(): void;
}

/** A timer, checked. */
export interface CheckedTimer {
  readonly name: string;
  readonly schedule: Schedule;
  readonly handler: Handler<TimerEvent>;
  readonly missed: MissedPolicy;
  readonly interrupted: InterruptedPolicy;
  readonly signal: AbortSignal | undefined;
}

const shape = {
  name: z.string().min(1).max(MAX_TEXT).optional()
    .describe(`a text of 1 to ${MAX_TEXT} characters`),
  missed: z.enum(["latest", "all", "skip"]).default("latest").describe('"latest", "all" or "skip"'),
  interrupted: z.enum(["skip", "again"]).default("skip").describe('"skip" or "again"'),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
};
const handler = z.custom<Handler<TimerEvent>>((value) => typeof value === "function", "a function");
const isInterval = (ms: number): boolean =>
  Number.isInteger(ms) && ms >= MIN_INTERVAL && ms <= MAX_INTERVAL;

const INTERVAL_ALLOWED =
  'milliseconds, or a text such as "10m", "1h30m" or "500ms": from 100ms to 366d';

const everySchema = z.strictObject({
  interval: z.union([z.number(), z.string()])
    .transform((given) => typeof given === "string" ? parseInterval(given) : given)
    .refine(isInterval, INTERVAL_ALLOWED).describe(INTERVAL_ALLOWED),
  handler,
  ...shape,
});
const atSchema = z.strictObject({
  date: z.date().describe("a Date"),
  handler,
  ...shape,
});
const cronSchema = z.strictObject({
  expression: z.string().max(MAX_TEXT).refine(isCronExpression, CRON_ALLOWED),
  timeZone: z.string().refine(isTimeZone, 'a time zone, such as "Europe/Berlin"')
    .default(DEFAULT_ZONE),
  handler,
  ...shape,
});

/** @throws {TypeError} naming each bad parameter, what was given and what is allowed */
export function checkEvery(
  interval: unknown,
  handler: unknown,
  options: TimerOptions,
): CheckedTimer {
  const purpose = `Cannot set a timer every ${quote(interval)}`;
  const given = checkOptions(everySchema, { ...options, interval, handler }, { purpose });
  return checked(given, everySchedule(given.interval));
}

/** @throws {TypeError} naming each bad parameter, what was given and what is allowed */
export function checkAt(date: unknown, handler: unknown, options: TimerOptions): CheckedTimer {
  const purpose = `Cannot set a timer at ${quote(date)}`;
  const given = checkOptions(atSchema, { ...options, date, handler }, { purpose });
  return checked(given, atSchedule(given.date));
}

/** @throws {TypeError} naming each bad parameter, what was given and what is allowed */
export function checkCron(
  expression: unknown,
  handler: unknown,
  options: CronTimerOptions,
): CheckedTimer {
  const purpose = `Cannot set a timer by cron ${quote(expression)}`;
  const given = checkOptions(cronSchema, { ...options, expression, handler }, { purpose });
  return checked(given, cronSchedule(given.expression, given.timeZone));
}

function checked(
  given: Omit<CheckedTimer, "name" | "schedule" | "signal"> & {
    name?: string;
    signal?: AbortSignal;
  },
  schedule: Schedule,
): CheckedTimer {
  const { handler, missed, interrupted, signal } = given;
  const { name = schedule.text } = given;
  return { name, schedule, handler, missed, interrupted, signal };
}
