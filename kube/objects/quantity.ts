/**
 * How much a Kubernetes quantity (`100m`, `1.5`, `2Gi`, `1e3`) is, computed with integers.
 *
 * @module
 */
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Powers of ten of the decimal suffixes. */
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
