import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Sequence } from "./sequence.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 8);
Deno.test("Sequence.next() gives numbers in the order of time over all processes", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2).map((it) => new Sequence(it.context, "invoice"));
  const given = [];
  for (const it of [a, b, b, a, b]) given.push(await scene.settle(it!.next()));
  deepStrictEqual(given, [1, 2, 3, 4, 5]);
});

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Sequence.next() gives no number twice though answers are lost and processes die (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new VirtualScene();
    scene.server.fault = randomFaults(random, { rate: 0.2 });
    const given: number[] = [];
    let starts = 0;
    const work = async (): Promise<void> => {
      const { context } = scene.process(`p${starts++}`, {
        random,
        latency: () => 0.5 + 20 * random(),
      });
      const block = [1, 1, 3, 10][starts % 4]!;
      const sequence = new Sequence(context, "invoice", { block });
      for (let i = 0, before = 0; i < 15; i++) {
        const next = await sequence.next();
        ok(next > before, `${next} after ${before}`);
        given.push(before = next);
      }
    };
    const died = Array.from({ length: 2 }, () => void work().catch(() => {}));
    const pauses = () => died.forEach((_, i) => scene.processes[i]!.pause());
    const timer = setTimeout(pauses, 2_000 * random());
    await scene.settle(Promise.all([work(), work(), work(), work()]), 3_600_000);
    clearTimeout(timer);
    scene.processes.forEach((it) => it.resume()); // and goes on with what it has
    await scene.pass(200_000);
    strictEqual(new Set(given).size, given.length);
    strictEqual(given.length, 6 * 15);
  });
}

Deno.test("Sequence.next() of blocks writes once a block, and leaves gaps where one ends", async () => {
  await using scene = new VirtualScene();
  const processes = scene.team(2);
  const [a, b] = processes.map((it) => new Sequence(it.context, "upload", { block: 100 }));
  const first = await scene.settle(Promise.all(Array.from({ length: 100 }, () => a!.next())));
  deepStrictEqual(first, Array.from({ length: 100 }, (_, i) => i + 1));
  strictEqual(scene.server.count({ method: "POST" }) + scene.server.count({ method: "PUT" }), 1);
  strictEqual(await scene.settle(b!.next()), 101);
  strictEqual(await scene.settle(a!.next()), 201);
  const again = new Sequence(processes[1]!.context, "upload"); // as a process that was started again
  strictEqual(await scene.settle(again.next()), 301);
  strictEqual(await scene.settle(b!.next()), 102);
});

Deno.test("Sequence.next() keeps the block for the next call when one is ended", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  const sequence = new Sequence(context, "upload", { block: 10 });
  scene.server.fault = ({ method }) => method === "POST" ? "lose answer" : undefined;
  await rejects(scene.settle(sequence.next({ timeout: 100 })), {
    name: "TimeoutError",
    message: 'Cannot take a number of sequence "upload": not within 100 ms',
  });
  scene.server.fault = () => undefined;
  strictEqual(await scene.settle(sequence.next()), 1);
});

Deno.test("Sequence.next() tells all who wait for a block why there is none, and tries again for the next", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  const sequence = new Sequence(context, "upload", { block: 10 });
  scene.server.fault = () => 403;
  const calls = [sequence.next(), sequence.next()];
  const outcomes = await scene.settle(Promise.allSettled(calls));
  deepStrictEqual(outcomes.map((it) => it.status), ["rejected", "rejected"]);
  scene.server.fault = () => undefined;
  strictEqual(await scene.settle(sequence.next()), 1);
});

for (const block of [1, 5]) {
  Deno.test(`Sequence.next() goes on behind what it gave when the ConfigMap was deleted, with blocks of ${block}`, async () => {
    await using scene = new VirtualScene();
    const [a, b] = scene.team(2).map((it) => new Sequence(it.context, "x", { block }));
    const given = [];
    for (let i = 0; i < 5; i++) given.push(await scene.settle(a!.next()));
    scene.server.remove("configmaps", "troupe-sequence-x");
    for (const it of [a, b, a]) given.push(await scene.settle(it!.next()));
    deepStrictEqual(given, block === 1 ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 3, 4, 5, 6, 11, 7]);
  });
}

Deno.test("Sequence refuses blocks that it cannot take, and to count beyond safe integers", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  throws(() => new Sequence(context, "x", { block: 0 }), {
    name: "TypeError",
    message: 'Cannot make sequence "x": "block" given 0, allowed is an integer from 1 to 1000000',
  });
  const sequence = new Sequence(context, "x", { block: 10 });
  strictEqual(await scene.settle(sequence.next()), 1);
  const object = scene.server.objects.get("configmaps/troupe-sequence-x")!;
  const data = { ...object.data as object, state: `{"next":${Number.MAX_SAFE_INTEGER - 9}}` };
  scene.server.store("configmaps", { ...object, data });
  await rejects(scene.settle(new Sequence(context, "x", { block: 10 }).next()), {
    name: "RangeError",
    message: /^Cannot take 10 of sequence "x": it is at 9007199254740982, allowed are/,
  });
});
