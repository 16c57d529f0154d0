import { ok, strictEqual } from "node:assert/strict";
import type { Load } from "../../messaging/mod.ts";
import type { CheckedWorkers } from "../workloads/definition/params/workers.ts";
import { decideScale, neededWorkers, type ScaleMemory } from "./decide_scale.ts";

const WORKERS: CheckedWorkers = { min: 0, max: 10, perWorker: 4, idleFor: 30_000 };

function load(given: Partial<Load>): Load {
  return { waiting: 0, running: 0, saturated: 0, ...given };
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test("neededWorkers() counts tasks, doubles where more is known to come, and keeps to the bounds", () => {
  strictEqual(neededWorkers(load({}), WORKERS), 0);
  strictEqual(neededWorkers(load({}), { ...WORKERS, min: 2 }), 2);
  strictEqual(neededWorkers(load({ waiting: 1 }), WORKERS), 1);
  strictEqual(neededWorkers(load({ waiting: 3, running: 6 }), WORKERS), 3);
  strictEqual(neededWorkers(load({ waiting: 1_000 }), WORKERS), 10);
  strictEqual(neededWorkers(load({ running: 2, saturated: 1 }), WORKERS), 2);
  strictEqual(neededWorkers(load({ running: 6, saturated: 3 }), WORKERS), 6);
});

Deno.test("decideScale() goes up at once, and down to the peak of the time in which fewer were enough", () => {
  let memory: ScaleMemory | undefined;
  let present = 0;
  const at = (now: number, tasks: number): number => {
    const decided = decideScale(WORKERS, memory, { now, load: load({ running: tasks }), present });
    memory = decided.memory;
    return present = decided.wanted;
  };
  strictEqual(at(0, 20), 5);
  strictEqual(at(1_000, 0), 5);
  strictEqual(at(20_000, 12), 5);
  strictEqual(at(30_999, 0), 5);
  strictEqual(at(31_000, 0), 3);
  strictEqual(at(60_999, 0), 3);
  strictEqual(at(61_000, 0), 0);
  strictEqual(at(61_001, 1), 1);
});

Deno.test("decideScale() keeps to bounds that were changed at once", () => {
  const moment = { now: 0, load: load({}), present: 7 };
  strictEqual(decideScale({ ...WORKERS, max: 3 }, undefined, moment).wanted, 3);
  strictEqual(decideScale({ ...WORKERS, min: 9 }, undefined, moment).wanted, 9);
});

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`decideScale() keeps its promises whatever comes, by seed ${seed}`, () => {
    const random = seeded(seed);
    const upTo = (n: number): number => Math.floor(random() * (n + 1));
    for (let round = 0; round < 200; round++) {
      const min = upTo(4);
      const workers = {
        min,
        max: min + 1 + upTo(20),
        perWorker: 1 + upTo(8),
        idleFor: upTo(60_000),
      };
      let memory: ScaleMemory | undefined;
      let present = upTo(30);
      let now = 0;
      /** Needs, with the moment from which on each was so. */
      const needs: { at: number; needed: number }[] = [];
      for (let step = 0; step < 60; step++) {
        now += upTo(20_000);
        const given = load({ waiting: upTo(3) * upTo(60), running: upTo(20), saturated: upTo(4) });
        const needed = neededWorkers(given, workers);
        needs.push({ at: now, needed });
        const { wanted, memory: next, after } = decideScale(workers, memory, {
          now,
          load: given,
          present,
        });
        ok(wanted >= workers.min || present < workers.min === false, "not below min");
        ok(wanted >= needed && wanted <= workers.max, "as many as needed, no more than allowed");
        if (wanted > present) strictEqual(wanted, needed);
        if (wanted < present && present <= workers.max) {
          const recent = needs.filter(({ at }) => at >= now - workers.idleFor);
          ok(recent.every((one) => one.needed <= wanted), "no fewer than lately needed");
          ok(recent.every((one) => one.needed < present), "without a break");
        }
        if (after !== undefined) {
          // left alone, it comes down to what is needed, and decides nothing more
          let [state, count, clock] = [next, wanted, now] as [
            ScaleMemory | undefined,
            number,
            number,
          ];
          let wait: number | undefined = after;
          for (let n = 0; wait !== undefined; n++) {
            ok(n < 5, "it comes to an end");
            clock += wait;
            const moment = { now: clock, load: given, present: count };
            ({ wanted: count, memory: state, after: wait } = decideScale(workers, state, moment));
          }
          strictEqual(count, needed);
        }
        [memory, present] = [next, wanted];
      }
    }
  });
}
