import { strictEqual, throws } from "node:assert/strict";
import { milliUnits, nanoUnits, wholeUnits } from "./quantity.ts";

Deno.test("milliUnits() counts thousandths and rounds up", () => {
  const cases: [string | number, number][] = [
    ["250m", 250],
    ["0.1", 100],
    ["1", 1000],
    [2, 2000],
    ["1.0005", 1001],
    ["100u", 1],
    ["0", 0],
    [".5", 500],
    ["5.", 5000],
    ["-1.5", -1500],
  ];
  for (const [text, expected] of cases) strictEqual(milliUnits(text), expected, String(text));
});

Deno.test("wholeUnits() knows decimal, binary and exponent suffixes", () => {
  const cases: [string | number, number][] = [
    ["1Ki", 1024],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["8Gi", 8 * 2 ** 30],
    ["1k", 1000],
    ["128M", 128e6],
    ["2e3", 2000],
    ["12E-1", 2],
    ["1E", 1e18],
    ["1Ei", 2 ** 60],
    ["100m", 1],
    ["110", 110],
  ];
  for (const [text, expected] of cases) strictEqual(wholeUnits(text), expected, String(text));
});

Deno.test("nanoUnits() is exact where numbers are not", () => {
  strictEqual(nanoUnits("0.1") + nanoUnits("0.2"), nanoUnits("0.3"));
  strictEqual(nanoUnits("9007199254740993"), 9007199254740993_000000000n);
});

Deno.test("nanoUnits() refuses what is no quantity", () => {
  for (const text of ["", "1 Gi", "Gi", "1.2.3", "1KiB", "0x10", "e3"]) {
    throws(() => nanoUnits(text), { name: "TypeError" }, text);
  }
});
