import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Arrivals } from "./arrivals.ts";

Deno.test("Arrivals.arrives() is true once for each id, in whatever order they come", () => {
  let seed = 7;
  const random = () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647;
  const arrivals = new Arrivals();
  const arrived = new Set<number>();
  for (let i = 0; i < 5_000; i++) {
    const id = 1 + Math.floor(random() * (10 + i));
    strictEqual(arrivals.neverArrived(id), !arrived.has(id), `${id}`);
    strictEqual(arrivals.arrives(id), !arrived.has(id), `${id}`);
    arrived.add(id);
  }
  for (let id = 1; id < 5_100; id++) strictEqual(arrivals.neverArrived(id), !arrived.has(id));
});

Deno.test("Arrivals.only() lets only those come that are named, and higher ones", () => {
  const arrivals = new Arrivals();
  for (const id of [2, 5, 9]) arrivals.arrives(id);
  arrivals.only([12, 8, 3]);
  const left = Array.from({ length: 13 }, (_, i) => i + 1).filter((id) =>
    arrivals.neverArrived(id)
  );
  deepStrictEqual(left, [3, 8, 10, 11, 12, 13]);
  ok(arrivals.arrives(3));
  ok(!arrivals.arrives(3));
  ok(!arrivals.arrives(4));
});

Deno.test("Arrivals.arrivedUpTo() lets no lower one come", () => {
  const arrivals = new Arrivals();
  arrivals.arrives(3);
  arrivals.arrivedUpTo(5);
  deepStrictEqual([1, 3, 5, 6].map((id) => arrivals.neverArrived(id)), [false, false, false, true]);
});

Deno.test("Arrivals forgets the lowest of too many that are missing", () => {
  const arrivals = new Arrivals();
  for (let id = 2; id <= 20_004; id += 2) arrivals.arrives(id);
  ok(!arrivals.neverArrived(1));
  ok(!arrivals.neverArrived(3));
  ok(arrivals.neverArrived(5));
});
