import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { seededRandom } from "../../testing/mod.ts";
import { Deadlines } from "./deadlines.ts";

Deno.test("Deadlines fire at their times, and those that were cleared do not", () => {
  using time = new FakeTime(0);
  const random = seededRandom(3);
  const deadlines = new Deadlines(() => Date.now());
  const wanted: number[] = [];
  const fired: number[] = [];
  for (let i = 0; i < 2_000; i++) {
    const ms = 10 * Math.floor(random() * 5);
    const due = Date.now() + ms;
    const deadline = deadlines.after(ms, () => {
      strictEqual(Date.now(), due);
      fired.push(due);
    });
    if (random() < 0.5) {
      deadline?.clear();
      deadline?.clear(); // it does nothing
    } else wanted.push(due);
    if (random() < 0.5) time.tick(1);
  }
  time.runAll();
  deepStrictEqual(fired.toSorted((a, b) => a - b), wanted.toSorted((a, b) => a - b));
});

Deno.test("Deadlines leave no timer behind, and never fire what is too far", () => {
  const deadlines = new Deadlines(() => performance.now());
  strictEqual(deadlines.after(Infinity, () => {}), undefined);
  const all = [1, 2].map(() => deadlines.after(60_000, () => {}));
  for (const deadline of all) deadline?.clear(); // or the sanitizer finds the timer
});

Deno.test("Deadlines let one that fires clear and set others of the same time", () => {
  using time = new FakeTime(0);
  const deadlines = new Deadlines(() => Date.now());
  const fired: string[] = [];
  deadlines.after(10, () => {
    fired.push("first");
    other?.clear();
    deadlines.after(10, () => fired.push("later"));
  });
  const other = deadlines.after(10, () => fired.push("other"));
  time.tick(10);
  time.tick(10);
  deepStrictEqual(fired, ["first", "later"]);
});

Deno.test("Deadlines fire at their times, however others come, are cleared, and come again", () => {
  using time = new FakeTime();
  const seeded = seededRandom(11);
  const random = (below: number) => Math.floor(seeded() * below);
  const deadlines = new Deadlines(() => Date.now());
  const waiting = new Map<number, { due: number; clear: () => void }>();
  for (let n = 0; n < 3_000; n++) {
    if (random(4) === 0) time.tick(random(8));
    if (random(50) === 0) {
      for (const { clear } of waiting.values()) clear();
      waiting.clear();
    }
    const [first] = waiting;
    if (first !== undefined && random(2) === 0) {
      first[1].clear();
      waiting.delete(first[0]);
    }
    const ms = [1, 5, 20][random(3)]!;
    const due = Date.now() + ms;
    const deadline = deadlines.after(ms, () => {
      ok(waiting.delete(n), `${n} was cleared, or fires twice`);
      ok(Date.now() >= due && Date.now() <= due + 1, `${n} fires ${Date.now() - due} ms late`);
    });
    waiting.set(n, { due, clear: () => deadline!.clear() });
  }
  time.tick(30);
  strictEqual(waiting.size, 0);
});
