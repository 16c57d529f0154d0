/**
 * Quantities ("250m", "1.5Gi", "2e3") as exact numbers.
 *
 * @module
 */

const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const PATTERN = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/** The finest amount that the API knows: a billionth. */
const NANO_DIGITS = 9;

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
  const value = parse(key);
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

function parse(text: string): bigint {
  const match = PATTERN.exec(text);
  if (!match) throw new TypeError(`Cannot read quantity "${text}": it is no number with a suffix`);
  const [, sign, number = "0", suffix = "", exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(whole + fraction);
  let power = NANO_DIGITS - fraction.length;
  let factor = 1n;
  if (exponent !== undefined) power += Number(exponent);
  else if (suffix.endsWith("i")) factor = 1024n ** BigInt(BINARY.indexOf(suffix) + 1);
  else power += DECIMAL[suffix] ?? 0;
  const value = power >= 0
    ? digits * factor * 10n ** BigInt(power)
    : divideUp(digits * factor, 10n ** BigInt(-power));
  return sign === "-" ? -value : value;
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value > 0n && quotient * by !== value ? quotient + 1n : quotient;
}
