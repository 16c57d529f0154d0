import { Cron } from "croner";
import { z } from "zod";
import { count, duration } from "./schemas.ts";

/** Work that begins again and again. Saying `schedule` is what makes it so. */
export interface ScheduleParams {
  /**
   * When it begins, as five fields: minute, hour, day of the month, month, day of the week (0 to 6,
   * 0 is Sunday), such as `"0 3 * * *"`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
   */
  schedule?: string;
  /** Time zone of the schedule, such as `Europe/Berlin`. @default the cluster's, mostly UTC */
  timeZone?: string;
  /** What if the last one still runs: both run, the new one is left out, the old one is ended. @default "allow" */
  overlap?: "allow" | "forbid" | "replace";
  /** Milliseconds that it may begin late, at least 10_000; later it is left out. @default any time */
  startingDeadline?: number;
  /** How many finished jobs are kept. @default 3 that succeeded, 1 that failed */
  history?: {
    /** Of those that succeeded. @default 3 */
    succeeded?: number;
    /** Of those that failed. @default 1 */
    failed?: number;
  };
}

/**
 * The controller looks every ten seconds: with less time it may miss every start.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
const MIN_STARTING_DEADLINE = 10_000;

/** What Kubernetes knows beside five fields; it knows `@every` too, which has no time of day. */
const NICKNAMES = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"];

const VALUE = "(\\d+|[A-Za-z]{3})";
const PART = `(\\*|\\?|${VALUE}(-${VALUE})?)(/[1-9]\\d*)?`;
const FIELD = new RegExp(`^${PART}(,${PART})*$`);

/** Whether Kubernetes takes the schedule, and there is a time that it names. */
function isSchedule(text: string): boolean {
  if (NICKNAMES.includes(text)) return true;
  const fields = text.split(" ");
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) return false;
  if (/(^|[-,])7/.test(fields[4]!)) return false; // Sunday is 0 alone
  const plain = text.replaceAll("?", "*"); // which to croner is the present time
  try {
    return new Cron(plain, { sloppyRanges: true, timezone: "UTC" }).nextRun() !== null;
  } catch {
    return false;
  }
}

const ZONE = /^[A-Z][-+\w]*(\/[A-Z][-+\w]*)*$/;

/** Whether it is a time zone's name, in its own case, and not an offset. */
function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** Fields of schedules. */
export const scheduleShape = {
  schedule: z.string().refine(
    isSchedule,
    'a schedule that occurs: "minute hour day month weekday", such as "0 3 * * *", or one of ' +
      NICKNAMES.join(", "),
  ).optional(),
  timeZone: z.string().refine(isTimeZone, 'a time zone, such as "Europe/Berlin"').optional(),
  overlap: z.enum(["allow", "forbid", "replace"])
    .describe('"allow", "forbid" or "replace"').optional(),
  startingDeadline: duration(MIN_STARTING_DEADLINE).optional(),
  history: z.strictObject({ succeeded: count().optional(), failed: count().optional() })
    .describe("{ succeeded?, failed? }").optional(),
};
