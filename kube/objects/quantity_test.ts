import { strictEqual } from "node:assert/strict";
import { billionths } from "./quantity.ts";

Deno.test("billionths() is exact and rounds up what is finer", () => {
  const cases: [string, bigint][] = [
    ["1", 1_000_000_000n],
    ["250m", 250_000_000n],
    ["-1.5", -1_500_000_000n],
    ["1.5Ki", 1_536_000_000_000n],
    ["12E-1", 1_200_000_000n],
    ["1E", 10n ** 27n],
    ["0.1n", 1n],
    ["9007199254740993", 9007199254740993_000000000n],
  ];
  for (const [text, expected] of cases) strictEqual(billionths(text), expected, text);
});

Deno.test("billionths() tells nothing of what is no quantity, or of a size beyond all use", () => {
  for (const text of ["", ".", "x", "1Q", "Gi", "1 Gi", "1e", "1e999"]) {
    strictEqual(billionths(text), undefined, text);
  }
});
