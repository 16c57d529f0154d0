import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Counter } from "./counter.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 8);
const NAME = "troupe-counter-visits";

/** Counters of so many processes. */
function countersOf(scene: VirtualScene, n: number): Counter[] {
  return scene.team(n).map((it) => new Counter(it.context, "visits"));
}

Deno.test("Counter.add() resolves with the sum, and get() with what all have added", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  strictEqual(await scene.settle(a.get()), 0);
  strictEqual(await scene.settle(a.add()), 1);
  strictEqual(await scene.settle(b.add(10)), 11);
  strictEqual(await scene.settle(a.add(-20)), -9);
  strictEqual(await scene.settle(b.add(0)), -9);
  strictEqual(await scene.settle(b.get()), -9);
});

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Counter.add() adds exactly once though requests and answers are lost (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new VirtualScene();
    const processes = scene.team(4, {
      random,
      latency: () => 0.5 + 20 * random(),
    });
    scene.server.fault = randomFaults(random, { rate: 0.2 });
    const sums: number[] = [];
    await scene.settle(
      Promise.all(processes.map(async ({ context }) => {
        const counter = new Counter(context, "visits");
        let before = 0;
        for (let i = 0; i < 10; i++) {
          const sum = await counter.add();
          ok(sum > before, `${sum} after ${before}`);
          sums.push(before = sum);
        }
      })),
      3_600_000,
    );
    deepStrictEqual(sums.sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i + 1));
  });
}

Deno.test("Counter.add() refuses what is no safe integer, and adds nothing", async () => {
  await using scene = new VirtualScene();
  const [a] = countersOf(scene, 1) as [Counter];
  await rejects(
    a.add(0.5),
    new RangeError(
      'Cannot add to counter "visits": "by" is 0.5, allowed are safe integers',
    ),
  );
  strictEqual(await scene.settle(a.add(Number.MAX_SAFE_INTEGER - 1)), Number.MAX_SAFE_INTEGER - 1);
  const [one, two] = [a.add(2), a.add(1)]; // written together, were it not for the first
  two.catch(() => {});
  await rejects(scene.settle(one), {
    name: "RangeError",
    message: /^Cannot add to counter "visits": the sum is 9007199254740992, allowed are/,
  });
  strictEqual(await scene.settle(two), Number.MAX_SAFE_INTEGER);
});

Deno.test("Counter.add() adds nothing when it times out, but what was under way", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  await scene.settle(a.add());
  scene.server.fault = () => 503;
  await rejects(scene.settle(b.add(1, { timeout: 500 })), {
    name: "TimeoutError",
    message: 'Cannot add to counter "visits": not within 500 ms',
  });
  scene.server.fault = ({ method }) => method === "PUT" ? "lose answer" : undefined;
  await rejects(scene.settle(a.add(10, { timeout: 500 })), { name: "UnknownOutcomeError" });
  scene.server.fault = () => undefined;
  await scene.pass(5_000);
  strictEqual(await scene.settle(b.get()), 11);
});

Deno.test("Counter.watch() tells the number and what it becomes, in order, and a busy consumer the last one", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  await scene.settle(a.add(5));
  const seen: number[] = [];
  let busy = Promise.resolve();
  const watched = (async () => {
    for await (const now of b.watch()) {
      seen.push(now);
      if (now >= 9) break;
      await busy;
    }
  })();
  await scene.until(() => seen.length === 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  busy = promise;
  await scene.settle(a.add());
  await scene.until(() => seen.length === 2);
  for (let i = 0; i < 3; i++) await scene.settle(a.add());
  await scene.pass(100);
  resolve();
  await scene.settle(watched);
  deepStrictEqual(seen, [5, 6, 9]);
});

Deno.test("Counter.watch() ends with the reason of its signal, and begins at 0 when the ConfigMap is deleted", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  await scene.settle(a.add(5));
  const end = new AbortController();
  const seen: number[] = [];
  const watched = (async () => {
    for await (const now of b.watch({ signal: end.signal })) seen.push(now);
  })();
  watched.catch(() => {});
  await scene.until(() => seen.length === 1);
  scene.processes[1]!.cut();
  scene.server.remove("configmaps", NAME);
  await scene.until(() => seen.length === 2);
  strictEqual(await scene.settle(a.add()), 1);
  await scene.until(() => seen.length === 3);
  end.abort(new Error("enough"));
  await rejects(scene.settle(watched), { message: "enough" });
  deepStrictEqual(seen, [5, 0, 1]);
  scene.server.calls.length = 0;
  await scene.settle(a.add());
  await scene.pass(10_000);
  deepStrictEqual(scene.server.calls.map(({ client, method }) => [client, method]), [
    ["process-0", "PUT"], // and nobody watches any more
  ]);
});

Deno.test("Counter keeps its budget: one request for an add, one for a read, none in steady state", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  for (let i = 0; i < 100; i++) await scene.settle(a.add());
  deepStrictEqual(scene.server.calls.map(({ method }) => method), [
    "GET",
    "POST",
    ...Array(99).fill("PUT"),
  ]);
  scene.server.calls.length = 0;
  await scene.settle(b.get());
  await scene.settle(Promise.all(Array.from({ length: 100 }, () => b.add())));
  ok(scene.server.calls.length <= 4, `${scene.server.calls.length} requests`);
  scene.server.calls.length = 0;
  await scene.pass(60_000);
  strictEqual(scene.server.calls.length, 0);
});

Deno.test("Counter.watch() keeps its budget: a read, a list and a connection, which ends 10 s later", async () => {
  await using scene = new VirtualScene();
  const [a, b] = countersOf(scene, 2) as [Counter, Counter];
  await scene.settle(a.add());
  scene.server.calls.length = 0;
  const watched = (async () => {
    for await (const now of b.watch()) if (now === 2) break;
  })();
  watched.catch(() => {});
  await scene.pass(60_000);
  const requests = scene.server.calls.map(({ name, watch }) => [name ?? "", watch]);
  deepStrictEqual(requests.sort(), [["", false], ["", true], [NAME, false]]);
  await scene.settle(a.add());
  await scene.settle(watched);
  await scene.pass(9_000);
  strictEqual(scene.server.watches, 1);
  await scene.pass(2_000);
  strictEqual(scene.server.watches, 0);
});

Deno.test("Counter keeps its budget: less than 3 requests an add when 8 processes add at once", async () => {
  await using scene = new VirtualScene();
  const random = seededRandom(1);
  const processes = scene.team(8, { random, latency: () => 1 + random() });
  await scene.settle(Promise.all(processes.map(async ({ context }) => {
    const counter = new Counter(context, "visits");
    for (let i = 0; i < 50; i++) await counter.add();
  })));
  const { calls } = scene.server;
  strictEqual((scene.server.state(NAME) as { value: number }).value, 400);
  ok(calls.length < 400 * 3, `${calls.length / 400} requests an add`);
});

Deno.test("Counter names what it cannot be called", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  throws(() => new Counter(context, "Visits"), {
    name: "TypeError",
    message: /^Cannot make a counter: "name" given "Visits", allowed is a DNS name/,
  });
});
