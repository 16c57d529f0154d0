import { strictEqual } from "node:assert/strict";
import { canonicalJson, sameJson } from "./equality.ts";

Deno.test("sameJson() takes absent, null and empty for one", () => {
  strictEqual(sameJson({ a: [], b: {}, c: null }, {}), true);
  strictEqual(sameJson(undefined, {}), true);
  strictEqual(sameJson({ a: 0 }, {}), false);
  strictEqual(sameJson({ a: "" }, {}), false);
  strictEqual(sameJson({ a: false }, {}), false);
});

Deno.test("sameJson() looks at all depths", () => {
  strictEqual(sameJson({ a: [{ b: 1 }] }, { a: [{ b: 1, c: {} }] }), true);
  strictEqual(sameJson({ a: [1, 2] }, { a: [2, 1] }), false);
  strictEqual(sameJson({ a: 1 }, { a: 1, b: 2 }), false);
  strictEqual(sameJson([1], { 0: 1 }), false);
});

Deno.test("canonicalJson() is equal for what means the same", () => {
  strictEqual(
    canonicalJson({ b: 1, a: { d: [], c: 2 } }),
    canonicalJson({ a: { c: 2 }, b: 1, e: null }),
  );
  strictEqual(canonicalJson({ a: 1 }) === canonicalJson({ a: 2 }), false);
});
