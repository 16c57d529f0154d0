import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { deployment, replicaSet } from "../objects/testdata/builders.ts";
import {
  DESIRED_REPLICAS,
  fenceposts,
  MAX_REPLICAS,
  maxUnavailable,
  newReplicas,
  proportionalSizes,
} from "./rollout_math.ts";

function rolling(replicas: number, maxSurge: number | string, maxUnavailable: number | string) {
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
  return deployment({ replicas, strategy });
}

Deno.test("fenceposts() rounds a surge up and what may be missing down", () => {
  deepStrictEqual(fenceposts(rolling(3, "25%", "25%")), { surge: 1, unavailable: 0 });
  deepStrictEqual(fenceposts(rolling(10, "25%", "25%")), { surge: 3, unavailable: 2 });
  deepStrictEqual(fenceposts(rolling(30, "10%", "10%")), { surge: 3, unavailable: 3 });
  deepStrictEqual(fenceposts(rolling(10, 2, 1)), { surge: 2, unavailable: 1 });
});

Deno.test("fenceposts() lets one be missing when nothing could move otherwise", () => {
  deepStrictEqual(fenceposts(rolling(1, 0, "25%")), { surge: 0, unavailable: 1 });
});

Deno.test("maxUnavailable() is never more than is wanted, and 0 when recreating", () => {
  strictEqual(maxUnavailable(rolling(2, 0, 5)), 2);
  strictEqual(maxUnavailable(rolling(0, 0, 5)), 0);
  strictEqual(maxUnavailable(deployment({ strategy: { type: "Recreate" } })), 0);
});

Deno.test("newReplicas() fills the room up to the surge", () => {
  const old = replicaSet("old", { replicas: 10 });
  const newest = replicaSet("new", { replicas: 0 });
  strictEqual(newReplicas(rolling(10, 3, 0), [old, newest], newest), 3);
  strictEqual(newReplicas(rolling(10, 0, 1), [old, newest], newest), 0);
  strictEqual(newReplicas(rolling(2, 3, 0), [newest], newest), 2);
});

/** As the real controller's tests of scaling in proportion: sizes of sets, before and after. */
Deno.test("proportionalSizes() shares a change as the sets are large, the rest to the largest", () => {
  const cases: { from: number; to: number; surge?: number; sizes: number[]; after: number[] }[] = [
    { from: 10, to: 12, sizes: [10], after: [12] },
    { from: 10, to: 5, sizes: [10], after: [5] },
    { from: 10, to: 20, sizes: [5, 5], after: [10, 10] },
    { from: 10, to: 5, sizes: [7, 3], after: [3, 2] },
    { from: 10, to: 12, sizes: [5, 3, 2], after: [6, 4, 2] },
    { from: 10, to: 0, sizes: [3, 4, 3], after: [0, 0, 0] },
    { from: 5, to: 50, surge: 2, sizes: [4, 2], after: [31, 21] },
  ];
  for (const { from, to, surge = 0, sizes, after } of cases) {
    const sets = sizes.map((replicas, i) =>
      replicaSet(`set-${i}`, { replicas }, {
        meta: {
          // the first is the newest
          creationTimestamp: `2026-01-0${9 - i}T00:00:00Z`,
          annotations: {
            [DESIRED_REPLICAS]: String(from),
            [MAX_REPLICAS]: String(from + surge),
          },
        },
      })
    );
    const result = proportionalSizes(rolling(to, surge, 1), sets);
    const name = `${sizes} scaled from ${from} to ${to}`;
    const total = [...result.values()].reduce((sum, size) => sum + size, 0);
    strictEqual(total, to > 0 ? to + surge : 0, name);
    if (surge === 0) {
      deepStrictEqual(sets.map(({ metadata }) => result.get(metadata.uid)), after, name);
    }
  }
});
