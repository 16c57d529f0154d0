// What gathers, on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import type { Primitives } from "../mod.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 30_000 };

/** Primitives of so many processes. */
async function team(stage: PrimitivesStage, n: number): Promise<Primitives[]> {
  return await Promise.all(Array.from({ length: n }, () => stage.primitives()));
}

/** Resolves when so many wait at a barrier. */
async function waiting({ objects }: PrimitivesStage, name: string, n: number): Promise<void> {
  const deadline = AbortSignal.timeout(LIMIT.timeout);
  for (;;) {
    deadline.throwIfAborted();
    const { items } = await objects.configMaps.getConfigMapList();
    const object = items.find((it) => it.metadata?.name === `troupe-barrier-${name}`);
    if (object && JSON.parse(object.data!.state!).waiting.length === n) return;
  }
}

Deno.test("Barrier.arrive() keeps processes in step on a server", async () => {
  await using stage = await PrimitivesStage.start();
  const processes = await team(stage, 5);
  const steps = processes.map(() => 0);
  await Promise.all(processes.map(async (primitives, i) => {
    const barrier = primitives.barrier("phase", 5);
    for (let step = 1; step <= 5; step++) {
      steps[i] = step;
      const { generation, index } = await barrier.arrive(LIMIT);
      strictEqual(generation, step);
      ok(index >= 0 && index < 5);
      ok(steps.every((it) => it >= step), `${steps} at ${step}`);
    }
  }));
  deepStrictEqual(stage.errors, []);
});

Deno.test("Barrier.arrive() does not count on a server who has given up or closed", async () => {
  await using stage = await PrimitivesStage.start();
  const [a, b, c] = await team(stage, 3) as [Primitives, Primitives, Primitives];
  await rejects(a.barrier("phase", 2).arrive({ timeout: 1 }), { name: "TimeoutError" });
  const closed = rejects(b.barrier("phase", 2).arrive(LIMIT), /The primitives were closed/);
  await waiting(stage, "phase", 1);
  await b.close();
  await closed;
  const open = c.barrier("phase", 2).arrive(LIMIT); // takes out who has closed
  const arrivals = await Promise.all([open, a.barrier("phase", 2).arrive(LIMIT)]);
  deepStrictEqual(arrivals.map(({ generation }) => generation), [1, 1]);
  deepStrictEqual(stage.errors, []);
});

Deno.test("Latch opens on a server for all who wait when it was counted down, and closes again", async () => {
  await using stage = await PrimitivesStage.start();
  const processes = await team(stage, 4);
  const latches = processes.map((it) => it.latch("loaded", 12));
  let begun = 0;
  const waits = latches.map(async (it) => {
    await it.wait(LIMIT);
    strictEqual(begun, 12);
  });
  const left = await Promise.all(latches.map(async (it) => {
    const left = [];
    for (let i = 0; i < 3; i++) {
      begun++;
      left.push(await it.countDown(1, LIMIT));
    }
    return left;
  }));
  deepStrictEqual(left.flat().sort((a, b) => a - b), Array.from({ length: 12 }, (_, i) => i));
  await Promise.all(waits);
  const [a, b] = latches;
  await a!.reset(LIMIT);
  strictEqual(await b!.count(LIMIT), 12);
  await rejects(b!.wait({ timeout: 100 }), { name: "TimeoutError" });
  deepStrictEqual(stage.errors, []);
});

Deno.test("Once.run() has one result for all processes on a server", async () => {
  await using stage = await PrimitivesStage.start();
  const processes = await team(stage, 5);
  let runs = 0;
  const results = await Promise.all(
    processes.map((it, i) =>
      it.once("migrate", z.string()).run(async (turn) => {
        runs++;
        await Promise.resolve();
        turn.throwIfOver();
        return `by ${i}`;
      }, LIMIT)
    ),
  );
  strictEqual(runs, 1);
  strictEqual(new Set(results).size, 1);
  deepStrictEqual(stage.errors, []);
});

Deno.test("Once.run() is followed on a server when its process closes, which cannot store its result", async () => {
  await using stage = await PrimitivesStage.start();
  const [a, b] = await team(stage, 2) as [Primitives, Primitives];
  const tokens: number[] = [];
  const begun = Promise.withResolvers<void>();
  const lost = rejects(
    a.once("migrate", z.string()).run((turn) => {
      tokens.push(turn.token);
      begun.resolve();
      const { promise, reject } = Promise.withResolvers<string>();
      turn.signal.addEventListener("abort", () => reject(turn.signal.reason));
      return promise;
    }, LIMIT),
    /The primitives were closed/,
  );
  await Promise.race([begun.promise, lost]);
  const next = b.once("migrate", z.string()).run(({ token }) => {
    tokens.push(token);
    return "by b";
  }, LIMIT);
  await a.close();
  await lost;
  strictEqual(await next, "by b");
  ok(tokens[1]! > tokens[0]!);
  deepStrictEqual(stage.errors, []);
});
