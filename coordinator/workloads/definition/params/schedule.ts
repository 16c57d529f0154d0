import { z } from "zod";
import { CRON_ALLOWED, isCronExpression, isTimeZone } from "../../../cron_expression.ts";
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

/** Fields of schedules. */
export const scheduleShape = {
  schedule: z.string().refine(isCronExpression, CRON_ALLOWED).optional(),
  timeZone: z.string().refine(isTimeZone, 'a time zone, such as "Europe/Berlin"').optional(),
  overlap: z.enum(["allow", "forbid", "replace"])
    .describe('"allow", "forbid" or "replace"').optional(),
  startingDeadline: duration(MIN_STARTING_DEADLINE).optional(),
  history: z.strictObject({ succeeded: count().optional(), failed: count().optional() })
    .describe("{ succeeded?, failed? }").optional(),
};
