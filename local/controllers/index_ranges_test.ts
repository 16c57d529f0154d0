import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { formatIndexes, parseIndexes } from "./index_ranges.ts";

Deno.test("formatIndexes() shortens runs of three and more", () => {
  strictEqual(formatIndexes(new Set([7, 3, 4, 5, 1])), "1,3-5,7");
  strictEqual(formatIndexes(new Set([0, 1])), "0,1");
  strictEqual(formatIndexes(new Set([2])), "2");
  strictEqual(formatIndexes(new Set()), "");
});

Deno.test("parseIndexes() reads what is below the limit, and nothing that is no index", () => {
  deepStrictEqual([...parseIndexes("1,3-5,7", 7)], [1, 3, 4, 5]);
  deepStrictEqual([...parseIndexes("x,-1,2-,4", 9)], [4]);
  deepStrictEqual([...parseIndexes(undefined, 9)], []);
});
