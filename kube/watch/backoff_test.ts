import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { backoffDelay } from "./backoff.ts";

Deno.test("backoffDelay() doubles up to the cap", () => {
  const delays = [1, 2, 3, 4, 5, 1_000].map((failures) =>
    backoffDelay(failures, { min: 100, max: 900, random: () => 1 })
  );
  deepStrictEqual(delays, [100, 200, 400, 800, 900, 900]);
});

Deno.test("backoffDelay() spreads the wait between half and all", () => {
  strictEqual(backoffDelay(3, { min: 100, max: 900, random: () => 0 }), 200);
  strictEqual(backoffDelay(3, { min: 100, max: 900, random: () => 0.5 }), 300);
});
