import { strictEqual, throws } from "node:assert/strict";
import { checkJson } from "./check_json.ts";

function check(value: unknown): unknown {
  return checkJson(value, 'Cannot ask "greet"', "input");
}

Deno.test("checkJson() returns what JSON can tell as it is", () => {
  const shared = { n: 1 };
  for (
    const value of [undefined, null, "x", 1.5, true, [], { a: [shared, shared], b: undefined }]
  ) {
    strictEqual(check(value), value);
  }
  const bare = Object.assign(Object.create(null), { a: 1 });
  strictEqual(check(bare), bare);
});

Deno.test("checkJson() names the place of what JSON cannot tell", () => {
  const circle: Record<string, unknown> = { a: [1] };
  (circle.a as unknown[]).push(circle);
  let deep: unknown = 1;
  for (let i = 0; i < 600; i++) deep = [deep];
  const cases: [unknown, RegExp][] = [
    [
      { a: [1, undefined] },
      /^Cannot ask "greet": "input\.a\[1\]" is undefined, which JSON cannot tell$/,
    ],
    [{ a: { b: 10n } }, /"input\.a\.b" is a bigint/],
    [[() => 1], /"input\[0\]" is a function/],
    [{ a: Symbol("x") }, /"input\.a" is a symbol/],
    [{ a: NaN }, /"input\.a" is NaN/],
    [[Infinity], /"input\[0\]" is Infinity/],
    [{ at: new Date() }, /"input\.at" is of class Date/],
    [new Map(), /"input" is of class Map/],
    [circle, /"input\.a\[1\]" is a circle/],
    [deep, /is more than 500 levels deep/],
  ];
  for (const [value, message] of cases) throws(() => check(value), { name: "TypeError", message });
});
