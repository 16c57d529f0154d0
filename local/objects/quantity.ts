/**
 * Quantities ("250m", "1.5Gi", "2e3") as exact numbers.
 *
 * @module
 */
import { billionths } from "../../kube/mod.ts";

/** As many distinct quantities as a cluster is likely to have; the cache starts again beyond. */
const CACHE_SIZE = 4096;
const cache = new Map<string, bigint>();

/**
 * A quantity in billionths, rounded up as the API server does.
 *
 * @throws {TypeError} When `text` is no quantity.
 */
export function nanoUnits(text: string | number): bigint {
  const key = String(text);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const value = billionths(key);
  if (value === undefined) {
    throw new TypeError(`Cannot read quantity "${key}": it is no number with a suffix`);
  }
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(key, value);
  return value;
}

/** A quantity in thousandths, rounded up: "0.1" of a CPU is 100. */
export function milliUnits(text: string | number): number {
  return Number(divideUp(nanoUnits(text), 1_000_000n));
}

/** A quantity in whole units, rounded up: "1Ki" is 1024. */
export function wholeUnits(text: string | number): number {
  return Number(divideUp(nanoUnits(text), 1_000_000_000n));
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value > 0n && quotient * by !== value ? quotient + 1n : quotient;
}
