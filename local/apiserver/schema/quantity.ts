/**
 * Kubernetes quantities: `100m`, `1.5`, `2Gi`, `1e3`. Exact: computed with integers.
 *
 * @module
 */

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/;

/** Powers of ten of the decimal suffixes. */
const DECIMAL: Record<string, number> = {
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
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** Below this nothing is told apart; what is smaller is rounded up. */
const NANO = 10n ** 9n;

type Family = "decimal" | "binary" | "exponent";

/** Whether `text` is a quantity. */
export function isQuantity(text: string): boolean {
  return parse(text) !== undefined;
}

/** Compares two quantities; undefined if one is none. */
export function compareQuantities(a: string, b: string): -1 | 0 | 1 | undefined {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return undefined;
  return left.nano < right.nano ? -1 : left.nano > right.nano ? 1 : 0;
}

/** The form in which an API server writes a quantity; `text` itself if it is none. */
export function canonicalQuantity(text: string): string {
  const parsed = parse(text);
  if (!parsed) return text;
  const { nano, family } = parsed;
  if (nano === 0n) return "0";
  const sign = nano < 0n ? "-" : "";
  const size = nano < 0n ? -nano : nano;
  if (family === "binary" && size >= 1024n * NANO && size % NANO === 0n) {
    let whole = size / NANO;
    let power = 0;
    while (whole % 1024n === 0n && power < BINARY.length) {
      whole /= 1024n;
      power++;
    }
    return `${sign}${whole}${power === 0 ? "" : BINARY[power - 1]}`;
  }
  let digits = size;
  let exponent = -9;
  while (digits % 1000n === 0n && exponent < 18) {
    digits /= 1000n;
    exponent += 3;
  }
  if (family === "exponent") return `${sign}${digits}${exponent === 0 ? "" : `e${exponent}`}`;
  const suffix = Object.keys(DECIMAL).find((name) => DECIMAL[name] === exponent)!;
  return `${sign}${digits}${suffix}`;
}

function parse(text: string): { nano: bigint; family: Family } | undefined {
  const match = PATTERN.exec(text.trim());
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", suffix = "", exponent] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(whole + fraction);
  const binary = BINARY.indexOf(suffix);
  let numerator = digits * NANO;
  let denominator = 10n ** BigInt(fraction.length);
  if (binary >= 0) numerator *= 1024n ** BigInt(binary + 1);
  else {
    const power = exponent === undefined ? DECIMAL[suffix]! : Number(exponent);
    if (Math.abs(power) > 100) return undefined;
    if (power >= 0) numerator *= 10n ** BigInt(power);
    else denominator *= 10n ** BigInt(-power);
  }
  const rounded = (numerator + denominator - 1n) / denominator;
  return {
    nano: sign === "-" ? -rounded : rounded,
    family: binary >= 0 ? "binary" : exponent === undefined ? "decimal" : "exponent",
  };
}
