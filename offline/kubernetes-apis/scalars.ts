/** Times, quantities and the like: values that are strings in JSON. */
import type { JSONValue } from "@cloudydeno/kubernetes-client/lib/contract.ts";
import { checkStr } from "./values.ts";

const QUANTITY_SUFFIX = /(?:[KMGTPE]i|[mkMGTPE]|[eE][-+]?[0-9.]+)$/;

/** An amount: a number and its unit, for example 128 and `Mi`. */
export class Quantity {
  constructor(public number: number, public suffix: string) {}

  serialize(): string {
    return this.number + this.suffix;
  }
}

/** Drops what follows a decimal point: "1.5Gi" becomes 1 `Gi`, as in the real package. */
export function toQuantity(raw: JSONValue): Quantity {
  const text = checkStr(raw);
  const suffix = QUANTITY_SUFFIX.exec(text)?.[0] ?? "";
  return new Quantity(parseInt(text.slice(0, text.length - suffix.length), 10), suffix);
}

export function fromQuantity(val: Quantity): JSONValue {
  return val?.serialize();
}

/** A time of millisecond precision. */
export type Time = Date;

export function toTime(input: JSONValue): Time {
  const text = checkStr(input);
  if (!text.includes("T")) {
    throw new Error(
      `Expected a time string here, but I didn't see a "T" in ${JSON.stringify(text)}`,
    );
  }
  const time = new Date(text);
  if (isNaN(+time)) throw new Error(`Time string ${JSON.stringify(text)} failed to parse`);
  return time;
}

/** A number is taken as seconds since 1970. */
export function fromTime(input: Time | number | null | undefined): JSONValue {
  if (input == null) return input;
  return (typeof input === "number" ? new Date(input * 1000) : input).toISOString();
}

/** A time of microsecond precision: `micros` stands in for the milliseconds of `baseDate`. */
export class MicroTime {
  constructor(public baseDate: Date, public micros: number) {}

  toISOString(): string {
    const fraction = String(this.micros).padStart(6, "0");
    return this.baseDate.toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
  }
}

/** Throws if the time has no fraction of seconds, as the real package does. */
export function toMicroTime(raw: JSONValue): MicroTime {
  const text = checkStr(raw);
  const [whole, fraction] = /^(.*)\.(\d+)Z$/s.exec(text)?.slice(1) ?? [];
  if (fraction === undefined) throw new Error(`TODO: toMicroTime for ${text}`);
  const base = new Date(`${whole}Z`);
  if (isNaN(+base)) throw new Error(`BUG: toMicroTime NaN for ${text}`);
  return new MicroTime(base, parseInt(fraction, 10));
}

export function fromMicroTime(val: MicroTime): JSONValue {
  return val == null ? val : val.toISOString();
}

/** Not implemented, as in the real package. */
export class Duration {
  constructor() {
    throw new Error("TODO: Duration");
  }
}

export function toDuration(raw: JSONValue): Duration {
  throw new Error(`TODO: toDuration for ${JSON.stringify(checkStr(raw))}`);
}

export function fromDuration(val: Duration): JSONValue {
  throw new Error(`TODO: fromDuration for ${JSON.stringify(val)}`);
}

export type IntOrString = number | string;

export function toIntOrString(input: JSONValue): string | number {
  if (typeof input === "string" || typeof input === "number") return input;
  throw new Error(
    input == null
      ? "Expected a value here, but got null"
      : `Expected a string or number here, but got a ${typeof input}`,
  );
}
