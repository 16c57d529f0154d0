/**
 * Kubernetes quantities (`100m`, `1.5`, `2Gi`) as an API server writes them, computed with
 * integers: so that what is applied reads the same when it comes back.
 */
import { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";

const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Powers of ten of the decimal suffixes, the smallest first. */
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
const PATTERN = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;

/** One, in the billionths that quantities are counted in. */
const ONE = 10n ** 9n;

/** A quantity in billionths, rounded up as an API server does; nothing if it is none. */
export function billionths(text: string): bigint | undefined {
  const [, sign, number = "", suffix = "", exponent] = PATTERN.exec(text) ?? [];
  if (number === "") return undefined;
  const [whole = "", fraction = ""] = number.split(".");
  const binary = BINARY.indexOf(suffix);
  const power = 9 - fraction.length + (exponent ? Number(exponent) : DECIMAL[suffix] ?? 0);
  const amount = BigInt(whole + fraction) * (binary < 0 ? 1n : 1024n ** BigInt(binary + 1));
  const divisor = power < 0 ? 10n ** BigInt(-power) : 1n;
  const scaled = power < 0 ? (amount + divisor - 1n) / divisor : amount * 10n ** BigInt(power);
  return sign === "-" ? -scaled : scaled;
}

/**
 * A quantity in the form in which an API server writes it: `1.5Gi` is 1536 `Mi`, `0.5` is 500 `m`.
 * A number is one without suffix.
 *
 * @throws {RangeError} when it is no quantity
 */
export function canonicalQuantity(given: string | number): Quantity {
  const text = String(given);
  const size = billionths(text);
  if (size === undefined) throw new RangeError(`Cannot read quantity "${text}": it is none`);
  if (text.endsWith("i") && size >= 1024n * ONE && size % ONE === 0n) {
    const [whole, steps] = divideOut(size / ONE, 1024n, BINARY.length);
    return new Quantity(Number(whole), BINARY[steps - 1] ?? "");
  }
  const suffixes = Object.keys(DECIMAL);
  const [digits, steps] = size === 0n ? [0n, 3] : divideOut(size, 1000n, suffixes.length - 1);
  return new Quantity(Number(digits), suffixes[steps]!);
}

/** Divides while nothing remains, `most` times at most; tells how often. */
function divideOut(value: bigint, by: bigint, most: number): [value: bigint, steps: number] {
  let steps = 0;
  while (steps < most && value % by === 0n) {
    value /= by;
    steps++;
  }
  return [value, steps];
}

/** Whether two texts are quantities of the same value. */
export function sameQuantity(a: string, b: string): boolean {
  const size = billionths(a);
  return size !== undefined && size === billionths(b);
}
