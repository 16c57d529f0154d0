import { strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { intervalText, parseInterval } from "./interval.ts";

Deno.test("parseInterval() reads days, hours, minutes, seconds and milliseconds, in that order", () => {
  strictEqual(parseInterval("10m"), 600_000);
  strictEqual(parseInterval("1h30m"), 5_400_000);
  strictEqual(parseInterval("500ms"), 500);
  strictEqual(parseInterval("1d2h3m4s5ms"), 93_784_005);
  strictEqual(parseInterval("1m5ms"), 60_005);
});

Deno.test("parseInterval() reads nothing else", () => {
  for (const text of ["", "10", "m", "10 m", "-1m", "1.5h", "30m1h", "1h1h", "10min", "1M"]) {
    strictEqual(parseInterval(text), NaN, text);
  }
});

Deno.test("intervalText() is what parseInterval() reads", () => {
  strictEqual(intervalText(5_400_000), "1h30m");
  const random = seededRandom(7);
  for (let i = 0; i < 1000; i++) {
    const ms = 1 + Math.floor(random() ** 4 * 3e10);
    strictEqual(parseInterval(intervalText(ms)), ms);
  }
});
