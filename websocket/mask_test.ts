import { deepStrictEqual, ok } from "node:assert/strict";
import { applyMask, randomMask, readMask, writeMask } from "./mask.ts";

Deno.test("applyMask() masks every byte with its own, wherever the bytes lie in memory", () => {
  const four = Uint8Array.of(1, 2, 3, 200);
  const mask = readMask(four, 0);
  const back = new Uint8Array(5);
  writeMask(back, 1, mask);
  deepStrictEqual(back.subarray(1), four);
  for (const length of [0, 1, 3, 31, 32, 33, 34, 35, 36, 100, 1_000]) {
    for (let offset = 0; offset < 8; offset++) {
      const memory = Uint8Array.from({ length: length + 16 }, (_, i) => i * 7);
      const expected = memory.slice();
      for (let i = 0; i < length; i++) expected[offset + i]! ^= four[i % 4]!;
      // once as a view that begins later, once from the beginning
      const view = memory.subarray(3);
      const at = offset - 3;
      if (at >= 0) applyMask(view, mask, { start: at, end: at + length });
      else applyMask(memory, mask, { start: offset, end: offset + length });
      deepStrictEqual(memory, expected);
    }
  }
});

Deno.test("randomMask() gives other masks each time", () => {
  const masks = new Set(Array.from({ length: 3_000 }, randomMask));
  ok(masks.size > 2_990);
});
