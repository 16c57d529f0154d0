import { deepStrictEqual } from "node:assert/strict";
import type { JsonObject } from "../schema/mod.ts";
import { mergePatch } from "./merge_patch.ts";

/** The test cases of RFC 7386, appendix A, whose target is an object. */
const CASES: [JsonObject, JsonObject, JsonObject][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

Deno.test("mergePatch() does as RFC 7386 when given its examples", () => {
  for (const [target, patch, expected] of CASES) {
    deepStrictEqual(mergePatch(target, patch), expected);
  }
});

Deno.test("mergePatch() leaves its arguments alone", () => {
  const current = { a: { b: 1 } };
  mergePatch(current, { a: { b: null, c: 2 } });
  deepStrictEqual(current, { a: { b: 1 } });
});

Deno.test("mergePatch() sets a key named __proto__ like any other", () => {
  const patch = JSON.parse('{"data":{"__proto__":"x"}}');
  const patched = mergePatch({ data: {} }, patch);
  deepStrictEqual(JSON.stringify(patched), '{"data":{"__proto__":"x"}}');
});
