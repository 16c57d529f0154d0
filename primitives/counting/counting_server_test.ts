// Counters and sequences on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 30_000 };

/** 1 to n. */
function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

Deno.test("Counter.add() of several processes adds each once on a server, and a watch tells the last sum", async () => {
  await using stage = await PrimitivesStage.start();
  const [watcher, ...adders] = await Promise.all(numbers(5).map(() => stage.primitives()));
  const seen: number[] = [];
  const watched = (async () => {
    const signal = AbortSignal.timeout(LIMIT.timeout);
    for await (const now of watcher!.counter("visits").watch({ signal })) {
      seen.push(now);
      if (now === 40) break;
    }
  })();
  const sums = await Promise.all(adders.map(async (primitives) => {
    const own = [];
    for (let i = 0; i < 10; i++) own.push(await primitives.counter("visits").add(1, LIMIT));
    deepStrictEqual(own, own.toSorted((a, b) => a - b));
    return own;
  }));
  deepStrictEqual(sums.flat().sort((a, b) => a - b), numbers(40));
  await watched;
  deepStrictEqual(seen, [...new Set(seen)].sort((a, b) => a - b));
  strictEqual(await adders[0]!.counter("visits").get(LIMIT), 40);
  deepStrictEqual(stage.errors, []);
});

Deno.test("Sequence.next() of several processes gives no number twice on a server, in the order of time", async () => {
  await using stage = await PrimitivesStage.start();
  const team = await Promise.all(numbers(4).map(() => stage.primitives()));
  let given = 0;
  const own = await Promise.all(team.map(async (primitives) => {
    const sequence = primitives.sequence("invoice");
    const own = [];
    for (let i = 0; i < 10; i++) {
      const before = given;
      const next = await sequence.next(LIMIT);
      ok(next > before, `${next} though ${before} was given before`);
      given = Math.max(given, next);
      own.push(next);
    }
    return own;
  }));
  deepStrictEqual(own.flat().sort((a, b) => a - b), numbers(40));
  const blocks = team.map((primitives) => primitives.sequence("upload", { block: 100 }));
  const ids = await Promise.all(
    blocks.flatMap((it) => numbers(100).map(() => it.next(LIMIT))),
  );
  deepStrictEqual(ids.sort((a, b) => a - b), numbers(400));
  deepStrictEqual(stage.errors, []);
});
