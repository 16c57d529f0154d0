import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Latch } from "./latch.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 6);
const NAME = "troupe-latch-loaded";

function latchesOf(scene: VirtualScene, n: number, count: number): Latch[] {
  return scene.team(n).map((it) => new Latch(it.context, "loaded", count));
}

/** Whether it is settled yet; a rejection is for who awaits it. */
function settledOf(promise: Promise<unknown>): () => boolean {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  return () => isSettled;
}

Deno.test("Latch.wait() resolves when it was counted down, wherever, and later at once", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = latchesOf(scene, 3, 3) as [Latch, Latch, Latch];
  const open = c.wait();
  const isOpen = settledOf(open);
  strictEqual(await scene.settle(a.count()), 3);
  strictEqual(await scene.settle(a.countDown()), 2);
  strictEqual(await scene.settle(b.countDown()), 1);
  await scene.pass(30_000);
  strictEqual(isOpen(), false);
  strictEqual(await scene.settle(a.countDown()), 0);
  await scene.settle(open);
  strictEqual(await scene.settle(c.countDown()), 0);
  strictEqual(await scene.settle(c.count()), 0);
  await scene.settle(a.wait());
});

Deno.test("Latch.countDown() counts several, and never below 0", async () => {
  await using scene = new VirtualScene();
  const [a, b] = latchesOf(scene, 2, 5) as [Latch, Latch];
  strictEqual(await scene.settle(a.countDown(3)), 2);
  strictEqual(await scene.settle(b.countDown(7)), 0);
  await rejects(
    a.countDown(0),
    new TypeError(
      'Cannot count down latch "loaded": "by" given 0, allowed is an integer of at least 1',
    ),
  );
});

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Latch.countDown() counts exactly once though answers are lost, and opens for all (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new VirtualScene();
    const processes = scene.team(4, { random, latency: () => 0.5 + 20 * random() });
    scene.server.fault = randomFaults(random, { rate: 0.2 });
    const latches = processes.map(({ context }) => new Latch(context, "loaded", 20));
    const open = Promise.all(latches.map((it) => it.wait()));
    const isOpen = settledOf(open);
    const down = async (it: Latch) => {
      const left: number[] = [];
      for (let i = 0; i < 4; i++) left.push(await it.countDown());
      return left;
    };
    const left = (await scene.settle(Promise.all(latches.map(down)), 3_600_000)).flat();
    deepStrictEqual(left.sort((a, b) => b - a), Array.from({ length: 16 }, (_, i) => 19 - i));
    const cutting = setInterval(() => processes[Math.floor(4 * random())]!.cut(), 500);
    await scene.pass(5_000);
    strictEqual(isOpen(), false);
    await scene.settle(latches[0]!.countDown(4), 3_600_000);
    await scene.settle(open, 3_600_000);
    clearInterval(cutting);
  });
}

Deno.test("Latch.reset() closes it, with the count of its program, and lets those through for whom it was open", async () => {
  await using scene = new VirtualScene();
  const [a, b] = latchesOf(scene, 2, 1) as [Latch, Latch];
  const late = b.wait();
  await scene.pass(1_000);
  scene.processes[1]!.pause(); // it does not hear of it in time
  await scene.settle(a.countDown());
  await scene.settle(a.reset());
  await scene.pass(5_000);
  scene.processes[1]!.resume();
  await scene.settle(late);
  const again = b.wait();
  const isOpen = settledOf(again);
  await scene.pass(30_000);
  strictEqual(isOpen(), false);
  strictEqual(await scene.settle(a.count()), 1);
  const three = new Latch(scene.processes[0]!.context, "loaded", 3);
  const cannot = 'Cannot read latch "loaded": its count is 1, and 3 in this program';
  await rejects(scene.settle(three.count()), new TypeError(cannot));
  await rejects(scene.settle(three.countDown()), { name: "TypeError" });
  await rejects(scene.settle(three.wait()), { name: "TypeError" });
  await scene.settle(three.reset());
  await rejects(scene.settle(again), { // the watch told of another count
    name: "TypeError",
    message: 'Cannot wait for latch "loaded": its count is 3, and 1 in this program',
  });
});

Deno.test("Latch.wait() of a stale process does not take a latch for open that was closed since", async () => {
  await using scene = new VirtualScene();
  const [a, b] = latchesOf(scene, 2, 1) as [Latch, Latch];
  await scene.settle(a.countDown());
  await scene.settle(b.wait()); // b knows that it is open
  await scene.settle(a.reset());
  await rejects(scene.settle(b.wait({ timeout: 1_000 })), {
    name: "TimeoutError",
    message: 'Cannot wait for latch "loaded": not within 1000 ms',
  });
});

for (const isQuick of [true, false]) {
  Deno.test(`Latch.wait() ends with an error when the ConfigMap is deleted${isQuick ? " and made again at once" : ""}`, async () => {
    await using scene = new VirtualScene();
    const [a, b] = latchesOf(scene, 2, 2) as [Latch, Latch];
    await scene.settle(a.countDown());
    const wait = b.wait();
    wait.catch(() => {});
    await scene.pass(1_000);
    if (isQuick) scene.processes[1]!.pause();
    scene.server.remove("configmaps", NAME);
    if (isQuick) strictEqual(await scene.settle(a.countDown()), 1);
    scene.processes[1]!.resume();
    await rejects(scene.settle(wait), {
      name: "RecordDeletedError",
      message: 'Cannot wait for latch "loaded": ConfigMap "ns/troupe-latch-loaded" was ' +
        "deleted meanwhile, and with it what others had done",
    });
    const next = b.wait();
    if (!isQuick) await scene.settle(a.countDown());
    await scene.settle(a.countDown());
    await scene.settle(next);
  });
}

Deno.test("Latch.wait() gets over an API server that is away, and is ended by its signal", async () => {
  await using scene = new VirtualScene();
  const [a, b] = latchesOf(scene, 2, 1) as [Latch, Latch];
  const wait = b.wait();
  await scene.pass(1_000);
  scene.server.fault = () => "lose request";
  scene.processes[1]!.cut();
  const end = new AbortController();
  const ended = b.wait({ signal: end.signal });
  ended.catch(() => {});
  const counted = a.countDown();
  await scene.pass(60_000);
  end.abort(new Error("enough"));
  await rejects(scene.settle(ended), { message: "enough" });
  scene.server.fault = () => undefined;
  strictEqual(await scene.settle(counted), 0);
  await scene.settle(wait);
});

Deno.test("Latch keeps its budget: a request to count, 3 and a watch to wait, none in steady state", async () => {
  await using scene = new VirtualScene();
  const [a, b] = latchesOf(scene, 2, 100) as [Latch, Latch];
  for (let i = 0; i < 99; i++) await scene.settle(a.countDown());
  strictEqual(scene.server.calls.length, 100);
  scene.server.calls.length = 0;
  const wait = b.wait();
  wait.catch(() => {});
  await scene.pass(60_000);
  const requests = scene.server.calls.map(({ method, name, query, watch }) => {
    return [method, name ?? query!.get("fieldSelector"), watch];
  });
  deepStrictEqual(requests, [
    ["GET", NAME, false], // what is there,
    ["GET", `metadata.name=${NAME}`, false], // the list before the watch
    ["GET", `metadata.name=${NAME}`, true],
  ]);
  await scene.settle(a.countDown());
  await scene.settle(wait);
  strictEqual(scene.server.calls.length, 4);
  await scene.settle(a.reset());
  scene.server.calls.length = 0;
  await scene.pass(9_000);
  const again = b.wait();
  await scene.pass(1_000);
  deepStrictEqual(scene.server.calls.map(({ client, method }) => [client, method]), [
    ["process-1", "GET"], // and the watch that it has still
  ]);
  await scene.settle(a.countDown(100));
  await scene.settle(again);
  await scene.pass(11_000); // the watch lingers
  ok(scene.server.watches === 0);
});

Deno.test("Latch refuses counts that are none", async () => {
  await using scene = new VirtualScene();
  const { context } = scene.process("a");
  throws(
    () => new Latch(context, "loaded", 0),
    new TypeError(
      'Cannot make latch "loaded": "count" given 0, allowed is an integer of at least 1',
    ),
  );
});
