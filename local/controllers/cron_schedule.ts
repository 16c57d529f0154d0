/**
 * When a CronJob is due, as Kubernetes reads its schedule: five fields of standard cron, or a
 * descriptor such as `@hourly` or `@every 1h30m`; local times that a clock change skips are left
 * out, and those that it repeats come twice.
 *
 * @module
 */
import { Cron } from "croner";

/** The times of a schedule, in ms since 1970. */
export interface CronSchedule {
  /** The first time after `time`; `undefined` when there never is one. */
  next(time: number): number | undefined;
}

/** The zone of schedules that name none: that in which cluster components run. */
const DEFAULT_ZONE = "Etc/UTC";

const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** The largest value of each field. */
const LAST = [59, 23, 31, 12, 6];
const HOUR = 1;

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/**
 * Reads a schedule.
 *
 * @throws TypeError when it is none, RangeError when there is no such time zone.
 */
export function cronSchedule(text: string, timeZone?: string): CronSchedule {
  // schedules of old times name their zone themselves
  const [, zone, spec = text] = /^(?:CRON_)?TZ=(\S*) +(.*)$/.exec(text) ?? [];
  const timezone = zone ?? timeZone ?? DEFAULT_ZONE;
  new Intl.DateTimeFormat("en", { timeZone: timezone });
  const every = /^@every (.+)$/.exec(spec)?.[1];
  if (every !== undefined) return everyPeriod(every);
  const fields = (DESCRIPTORS[spec] ?? spec).trim().split(/\s+/);
  if (fields.length !== LAST.length) {
    throw new TypeError(`Cannot read schedule "${text}": it has ${fields.length} fields, not 5`);
  }
  const pattern = fields.map(plainField).join(" ");
  const cron = new Cron(pattern, { timezone, mode: "5-part", paused: true });
  return { next: (time) => cron.nextRun(new Date(time))?.getTime() };
}

/** A field in the words that all parsers share: `?` and `5/10` are not among them. */
function plainField(field: string, i: number): string {
  const parts = field.split(",").filter((part) => part !== "").map((part) => {
    const [bounds = "", step = "1"] = part.split("/");
    const [low = "", high] = bounds.split("-");
    if (low === "*" || low === "?") return step === "1" ? "*" : `*/${step}`;
    if (part.includes("/")) return `${low}-${high ?? LAST[i]}/${step}`;
    // written as a range, so that a single hour is not moved by a clock change
    return i === HOUR && high === undefined ? `${low}-${low}/1` : part;
  });
  return parts.includes("*") ? "*" : parts.join(",");
}

function everyPeriod(text: string): CronSchedule {
  let period = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(h|ms|m|s)/g)) {
    period += Number(count) * UNITS[unit!]!;
  }
  // whole seconds, and not nothing
  const step = Math.max(1000, Math.floor(period / 1000) * 1000);
  return { next: (time) => Math.floor(time / 1000) * 1000 + step };
}
