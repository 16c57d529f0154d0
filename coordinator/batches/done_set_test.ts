import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { DoneSet } from "./done_set.ts";

Deno.test("DoneSet joins ranges that touch", () => {
  const done = new DoneSet();
  for (const index of [0, 2, 4, 3, 9]) done.add(index);
  deepStrictEqual(done.ranges, [[0, 1], [2, 5], [9, 10]]);
  strictEqual(done.next, 1);
  done.add(1);
  done.add(1);
  deepStrictEqual(done.ranges, [[0, 5], [9, 10]]);
  strictEqual(done.next, 5);
  strictEqual(done.size, 6);
  deepStrictEqual(new DoneSet(done.ranges).ranges, done.ranges);
});

Deno.test("DoneSet is as a set is, in whatever order things are done", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 50; round++) {
    const [done, set] = [new DoneSet(), new Set<number>()];
    for (let n = 0; n < 200; n++) {
      const index = Math.floor(random() * 100);
      done.add(index);
      set.add(index);
      strictEqual(done.size, set.size);
    }
    for (let index = 0; index < 101; index++) strictEqual(done.has(index), set.has(index));
    let next = 0;
    while (set.has(next)) next++;
    strictEqual(done.next, next);
  }
});
