/**
 * What a CronJob's schedule must be: five fields of standard cron, or a descriptor such as
 * `@hourly`. The texts are those of the parser that Kubernetes uses.
 *
 * @module
 */

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

const DESCRIPTORS = [
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
];

const EVERY = "@every ";
/** A duration as Go writes it, such as `1h30m`. */
const DURATION = /^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$|^[+-]?0$/;

/** What is wrong with a schedule; empty if nothing is. */
export function cronSchedule(schedule: string): string[] {
  const spec = schedule.replace(/^(CRON_)?TZ=\S* */, "");
  if (spec.startsWith("@")) return descriptor(spec);
  const fields = spec.split(/\s+/).filter((text) => text !== "");
  if (fields.length !== FIELDS.length) {
    const found = `[${fields.join(" ")}]`;
    return [`expected exactly ${FIELDS.length} fields, found ${fields.length}: ${found}`];
  }
  for (const [i, field] of FIELDS.entries()) {
    for (const expression of fields[i]!.split(",")) {
      const problem = expression === "" ? undefined : range(expression, field);
      if (problem !== undefined) return [problem];
    }
  }
  return [];
}

function descriptor(spec: string): string[] {
  if (DESCRIPTORS.includes(spec)) return [];
  if (!spec.startsWith(EVERY)) return [`unrecognized descriptor: ${spec}`];
  const duration = spec.slice(EVERY.length);
  if (DURATION.test(duration)) return [];
  return [`failed to parse duration ${spec}: time: invalid duration ${JSON.stringify(duration)}`];
}

/** What is wrong with `number`, `number-number`, `*` or `?`, each with or without `/step`. */
function range(expression: string, field: Field): string | undefined {
  const [bounds = "", step, ...tooMuch] = expression.split("/");
  const [low = "", high, ...tooMany] = bounds.split("-");
  const single = high === undefined;
  let { min: start, max: end } = field;
  if (low !== "*" && low !== "?") {
    const from = number(low, field.names);
    if (typeof from === "string") return from;
    start = end = from;
    if (tooMany.length > 0) return `too many hyphens: ${expression}`;
    const to = single ? from : number(high, field.names);
    if (typeof to === "string") return to;
    end = to;
  }
  if (tooMuch.length > 0) return `too many slashes: ${expression}`;
  if (step !== undefined) {
    const every = number(step);
    if (typeof every === "string") return every;
    if (every === 0) return `step of range should be a positive number: ${expression}`;
    if (single) end = field.max;
  }
  if (start < field.min) {
    return `beginning of range (${start}) below minimum (${field.min}): ${expression}`;
  }
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${expression}`;
  if (start > end) {
    return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  }
  return undefined;
}

/** The number that a text stands for, or what is wrong with the text. */
function number(text: string, names: readonly string[] = []): number | string {
  const index = names.indexOf(text.toLowerCase());
  if (index >= 0) return names === MONTHS ? index + 1 : index;
  if (!/^[+-]?\d+$/.test(text)) {
    const quoted = JSON.stringify(text);
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${quoted}: invalid syntax`;
  }
  const value = Number(text);
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}

/** What is wrong with the name of a time zone; empty if nothing is. */
export function timeZone(zone: string): string[] {
  if (zone === "") return ["must be a non-empty string"];
  const wrong = zone.split("/").some((part) =>
    part === "." || part === ".." || part.startsWith("-") || !/^[A-Za-z.\-_0-9+]{1,14}$/.test(part)
  );
  if (wrong) return [`unknown timezone ${zone}`];
  if (zone.toLowerCase() === "local") {
    return ["timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"];
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    // JavaScript also knows offsets such as "+01:00", which are no names
    return /^[+-]?\d/.test(zone) ? [`unknown time zone ${zone}`] : [];
  } catch {
    return [`unknown time zone ${zone}`];
  }
}
