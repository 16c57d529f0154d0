/**
 * Kubernetes quantities (`100m`, `1.5`, `2Gi`) as an API server writes them, computed with
 * integers: so that what is applied reads the same when it comes back.
 */
import { Quantity } from "@cloudydeno/kubernetes-apis/common.ts";
import { billionths } from "../../../kube/mod.ts";

const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Decimal suffixes, each a thousand times the one before; the first one is a billionth. */
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/** One, in the billionths that quantities are counted in. */
const ONE = 10n ** 9n;

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
  const [digits, steps] = size === 0n ? [0n, 3] : divideOut(size, 1000n, DECIMAL.length - 1);
  return new Quantity(Number(digits), DECIMAL[steps]!);
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
