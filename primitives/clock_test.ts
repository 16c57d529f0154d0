import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { systemClock } from "./clock.ts";

const A_DAY = 24 * 60 * 60 * 1000;

Deno.test("systemClock.timer() waits longer than one timer of the runtime can", () => {
  using time = new FakeTime();
  const asked: number[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    asked.push(ms);
    return setTimeout(callback, ms);
  }) as typeof setTimeout;
  try {
    let fired = 0;
    systemClock.timer(60 * A_DAY, () => fired++);
    const cancel = systemClock.timer(60 * A_DAY, () => fired += 10);
    time.tick(30 * A_DAY);
    cancel();
    time.tick(30 * A_DAY - 1);
    strictEqual(fired, 0);
    time.tick(1);
    strictEqual(fired, 1);
    deepStrictEqual(asked.filter((ms) => ms >= 2 ** 31), []);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
});
