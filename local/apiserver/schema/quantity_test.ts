import { strictEqual } from "node:assert/strict";
import { canonicalQuantity, compareQuantities, isQuantity } from "./quantity.ts";

const CANONICAL: [string, string][] = [
  ["1", "1"],
  ["1000m", "1"],
  ["0.5", "500m"],
  ["1.5", "1500m"],
  ["100m", "100m"],
  ["0", "0"],
  ["0Mi", "0"],
  ["-1", "-1"],
  ["+1.50", "1500m"],
  ["1000", "1k"],
  ["1500", "1500"],
  ["2000M", "2G"],
  ["1024Mi", "1Gi"],
  ["1536Mi", "1536Mi"],
  ["1.5Gi", "1536Mi"],
  ["1023Ki", "1023Ki"],
  ["0.5Ki", "512"],
  ["1e3", "1e3"],
  ["12e6", "12e6"],
  ["1E", "1E"],
  ["0.0000000001", "1n"],
  [".5", "500m"],
  ["5.", "5"],
];

for (const [text, expected] of CANONICAL) {
  Deno.test(`canonicalQuantity() makes ${expected} of ${text}`, () => {
    strictEqual(canonicalQuantity(text), expected);
  });
}

Deno.test("isQuantity() refuses what is no quantity", () => {
  for (
    const text of ["", ".", "1x", "1 Gi", "Gi", "1GiB", "1,5", "--1", "1e", "0x10", "1e999999"]
  ) {
    strictEqual(isQuantity(text), false, text);
  }
});

Deno.test("compareQuantities() compares across suffixes, exactly", () => {
  strictEqual(compareQuantities("1Gi", "1G"), 1);
  strictEqual(compareQuantities("1000m", "1"), 0);
  strictEqual(compareQuantities("999m", "1"), -1);
  strictEqual(compareQuantities("9007199254740993", "9007199254740992"), 1);
  strictEqual(compareQuantities("x", "1"), undefined);
});
