import { strictEqual } from "node:assert/strict";
import { expand } from "./expansion.ts";

for (
  const [text, expected] of [
    ["$(A)", "1"],
    ["x$(A)y$(B)z", "x1y2z"],
    ["$(NONE)", "$(NONE)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$A $ $(", "$A $ $("],
    ["$(A$(B)", "$(A$(B)"],
  ] as const
) {
  Deno.test(`expand() gives ${expected} when the text is ${text}`, () => {
    strictEqual(expand(text, { A: "1", B: "2" }), expected);
  });
}
