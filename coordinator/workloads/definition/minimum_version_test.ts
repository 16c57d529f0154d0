import { deepStrictEqual } from "node:assert/strict";
import type { RunParams } from "../run_params.ts";
import { minimumVersion } from "./mod.ts";

const W = { name: "w", image: "w:1" };

const NEEDS: readonly [params: Partial<RunParams>, minor: number | undefined, feature?: string][] =
  [
    [{}, undefined],
    [{ completions: 3 }, undefined],
    [{ everyNode: true, strategy: { maxUnavailable: 1 } }, undefined],
    [{ strategy: { maxSurge: 1 } }, undefined],
    [{ everyNode: true, strategy: { maxSurge: 1 } }, 22, '"strategy.maxSurge" with "everyNode"'],
    [{ items: ["a"], ttl: 1000 }, 22, '"items"'],
    [{ completions: 1, ttl: 1000 }, 21, '"ttl"'],
    [{ schedule: "@daily", timeZone: "UTC" }, 25, '"timeZone"'],
    [
      { storage: { size: 1, path: "/d", access: "ReadWriteOncePod" } },
      27,
      '"ReadWriteOncePod"',
    ],
  ];

for (const [params, minor, feature] of NEEDS) {
  Deno.test(`minimumVersion() of ${JSON.stringify(params)} is ${minor}`, () => {
    const expected = minor === undefined ? undefined : { minor, feature };
    deepStrictEqual(minimumVersion({ ...W, ...params }), expected);
  });
}
