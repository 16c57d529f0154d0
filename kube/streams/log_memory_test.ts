import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { LogTime } from "./log_lines.ts";
import { LogMemory } from "./log_memory.ts";

/** A log of lines of which many share a time, and some are a little out of order. */
function makeLog(random: () => number, count: number): { time: LogTime; n: number }[] {
  let ms = 100_000;
  return Array.from({ length: count }, (_, n) => {
    ms += random() < 0.4 ? 0 : Math.floor(random() * 400);
    const at = ms - (random() < 0.2 ? Math.floor(random() * 300) : 0);
    const nanos = String(at % 1000).padEnd(9, "0");
    return { n, time: { second: Math.floor(at / 1000), nanos } };
  });
}

Deno.test("LogMemory.isNew() lets each line through once, however often the log is read again", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const log = makeLog(random, 200);
    const memory = new LogMemory();
    const handed: number[] = [];
    for (let end = 0; end < log.length;) {
      end = Math.min(log.length, end + Math.floor(random() * 40));
      const since = memory.since === undefined ? -Infinity : memory.since.getTime() / 1000;
      memory.begin();
      // the server judges each line by its time; the reading is cut at `end`
      for (const { time, n } of log.slice(0, end)) {
        if (time.second >= since && memory.isNew(time)) handed.push(n);
      }
    }
    deepStrictEqual(handed, log.map(({ n }) => n), `seed ${seed}`);
  }
});

Deno.test("LogMemory.isNew() keeps to the part of the log that was asked for", () => {
  const memory = new LogMemory({ tail: true });
  memory.begin();
  ok(memory.isNew({ second: 10, nanos: "500000000" }));
  memory.begin();
  strictEqual(memory.since?.getTime(), 9_000);
  ok(!memory.isNew({ second: 10, nanos: "400000000" }));
  ok(!memory.isNew({ second: 10, nanos: "500000000" }));
  ok(memory.isNew({ second: 10, nanos: "500000000" }));
});
