import { Cron } from "croner";

/** What Kubernetes knows beside five fields; it knows `@every` too, which has no time of day. */
export const CRON_NICKNAMES: readonly string[] = [
  "@hourly",
  "@daily",
  "@midnight",
  "@weekly",
  "@monthly",
  "@yearly",
  "@annually",
];

const VALUE = "(\\d+|[A-Za-z]{3})";
const PART = `(\\*|\\?|${VALUE}(-${VALUE})?)(/[1-9]\\d*)?`;
const FIELD = new RegExp(`^${PART}(,${PART})*$`);

/** Whether Kubernetes takes the schedule, and there is a time that it names. */
export function isCronExpression(text: string): boolean {
  if (CRON_NICKNAMES.includes(text)) return true;
  const fields = text.split(" ");
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) return false;
  if (/(^|[-,])7/.test(fields[4]!)) return false; // Sunday is 0 alone
  try {
    return plainCron(text).nextRun() !== null;
  } catch {
    return false;
  }
}

/** What is allowed, for messages. */
export const CRON_ALLOWED: string =
  'a schedule that occurs: "minute hour day month weekday", such as "0 3 * * *", or one of ' +
  CRON_NICKNAMES.join(", ");

/** A checked expression as croner takes it, in UTC unless a zone is given. It runs nothing. */
export function plainCron(text: string, timezone = "UTC"): Cron {
  const plain = text.replaceAll("?", "*"); // which to croner is the present time
  return new Cron(plain, { sloppyRanges: true, timezone, paused: true });
}

const ZONE = /^[A-Z][-+\w]*(\/[A-Z][-+\w]*)*$/;

/** Whether it is a time zone's name, in its own case, and not an offset. */
export function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
