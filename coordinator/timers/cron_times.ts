/**
 * The times of a cron expression in a time zone.
 *
 * An expression whose hour is `*` or every n-th goes by the hours that pass: one that a clock change skips
 * is left out, one that it repeats comes twice. Any other names times of the day, each of which comes
 * once a day: one that is skipped comes when it is skipped, one that is repeated comes the first time.
 *
 * @module
 */
import { plainCron } from "../cron_expression.ts";
import { ZonedTimes } from "./zoned_times.ts";

/** The first time after an instant; none when there never is one. */
export type NextTime = (after: number) => number | undefined;

/** See the module's text; the expression and the zone were checked. */
export function cronTimes(expression: string, timeZone: string): NextTime {
  if (goesByTheHour(expression)) {
    const cron = plainCron(expression, timeZone);
    return (after) => cron.nextRun(new Date(after))?.getTime();
  }
  const cron = plainCron(expression);
  const zone = new ZonedTimes(timeZone);
  return (after) => {
    // local times and their instants have the same order, so what comes before cannot be later
    let local: number | undefined = zone.localAt(after);
    while ((local = cron.nextRun(new Date(local))?.getTime()) !== undefined) {
      const instant = zone.instantOf(local);
      if (instant > after) return instant;
    }
    return undefined;
  };
}

function goesByTheHour(expression: string): boolean {
  return expression === "@hourly" || /^[*?](\/\d+)?$/.test(expression.split(" ")[1] ?? "");
}
