import { ok, strictEqual } from "node:assert/strict";
import { rendezvous } from "./rendezvous.ts";

const KEYS = Array.from({ length: 20_000 }, (_, i) => `customer-${i}`);

function owners(workers: readonly string[]): (string | undefined)[] {
  return KEYS.map((key) => rendezvous(key, workers, (name) => name));
}

Deno.test("rendezvous() spreads keys evenly over names that are alike", () => {
  const workers = Array.from({ length: 10 }, (_, i) => `greeter-6c9f7d8b5-x2x4${i}`);
  const counts = new Map<string | undefined, number>();
  for (const owner of owners(workers)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  // 2,000 each on average; five standard deviations (42) are 212
  for (const worker of workers) ok(Math.abs((counts.get(worker) ?? 0) - 2_000) < 212);
});

Deno.test("rendezvous() moves about 1/n of the keys, only from who goes or to who comes", () => {
  for (const n of [2, 5, 20]) {
    const workers = Array.from({ length: n }, (_, i) => `w-${i}`);
    const before = owners(workers);
    const fewer = owners(workers.slice(1));
    const more = owners([...workers, "new"]);
    let [left, came] = [0, 0];
    for (let i = 0; i < KEYS.length; i++) {
      if (before[i] === "w-0") left++;
      else strictEqual(fewer[i], before[i]);
      if (more[i] === "new") came++;
      else strictEqual(more[i], before[i]);
    }
    ok(Math.abs(left / KEYS.length - 1 / n) < 0.02);
    ok(Math.abs(came / KEYS.length - 1 / (n + 1)) < 0.02);
  }
});

Deno.test("rendezvous() does not depend on the order of the candidates, and has none of none", () => {
  const workers = ["a", "b", "c", "d"];
  for (const key of KEYS.slice(0, 100)) {
    const name = (w: string) => w;
    strictEqual(rendezvous(key, workers, name), rendezvous(key, workers.toReversed(), name));
  }
  strictEqual(rendezvous("key", [], String), undefined);
});
