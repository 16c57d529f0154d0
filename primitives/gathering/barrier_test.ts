import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import type { WaitOptions } from "../waiting.ts";
import { Barrier } from "./barrier.ts";
import type { Arrival, BarrierState } from "./barrier_state.ts";

const NAME = "troupe-barrier-phase";

function barrierOf({ context }: SimulatedProcess, parties: number): Barrier {
  return new Barrier(context, "phase", parties);
}

/** Arrives; a rejection is for who awaits it. */
function arrive(
  process: SimulatedProcess,
  parties: number,
  options?: WaitOptions,
): Promise<Arrival> {
  const arrival = barrierOf(process, parties).arrive(options);
  arrival.catch(() => {});
  return arrival;
}

function stateOf(scene: VirtualScene): BarrierState {
  return scene.server.state(NAME) as BarrierState;
}

/** Resolves when so many wait. */
async function waiting(scene: VirtualScene, n: number): Promise<void> {
  await scene.until(() => stateOf(scene)?.waiting.length === n);
  await scene.pass(100);
}

Deno.test("Barrier.arrive() resolves when all have arrived, again and again", async () => {
  await using scene = new VirtualScene();
  const processes = scene.team(4);
  const barriers = processes.map((it) => barrierOf(it, 4));
  const steps: number[] = [0, 0, 0, 0];
  await scene.settle(Promise.all(barriers.map(async (barrier, i) => {
    const process = processes[i]!;
    for (let step = 1; step <= 10; step++) {
      await new Promise<void>((resolve) => process.clock.timer((i + 1) * 50 % 170, resolve));
      steps[i] = step;
      const { generation, index } = await barrier.arrive();
      strictEqual(generation, step);
      ok(index >= 0 && index < 4);
      ok(steps.every((it) => it >= step), `${steps} at ${step}`);
    }
  })));
  deepStrictEqual(stateOf(scene).waiting, []);
});

Deno.test("Barrier.arrive() counts calls, not processes, and lets who comes too many wait for the next", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  strictEqual((await scene.settle(arrive(a, 1))).generation, 1);
  const calls = [];
  for (const it of [a, a, b, a, b, b, a]) {
    calls.push(arrive(it, 2));
    await scene.pass(20);
  }
  const first = await scene.settle(Promise.all(calls.slice(0, 6)));
  deepStrictEqual(first.map((it) => it.generation), [2, 2, 3, 3, 4, 4]);
  deepStrictEqual(first.map((it) => it.index), [0, 1, 0, 1, 0, 1]);
  await waiting(scene, 1);
  strictEqual((await scene.settle(arrive(b, 2))).index, 1);
  await calls[6];
});

Deno.test("Barrier.arrive() takes out who gives up, by signal or timeout", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const end = new AbortController();
  const [late, ended] = [arrive(a, 2, { timeout: 1_000 }), arrive(b, 3, { signal: end.signal })];
  void ended;
  await rejects(scene.settle(late), {
    name: "TimeoutError",
    message: 'Cannot arrive at barrier "phase": not within 1000 ms',
  });
  await scene.pass(100);
  end.abort(new Error("enough"));
  await rejects(scene.settle(ended), { message: "enough" });
  await waiting(scene, 0);
  const open = arrive(b, 2);
  await scene.pass(30_000);
  strictEqual(stateOf(scene).generation, 0);
  await scene.settle(Promise.all([open, arrive(c, 2)]));
});

Deno.test("Barrier.arrive() that is ended while it comes says why, as it cannot have been counted", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  scene.server.fault = ({ method, resource }) =>
    method === "POST" && resource === "configmaps" ? "lose answer" : undefined;
  await rejects(scene.settle(arrive(a, 2, { timeout: 1_000 })), { name: "TimeoutError" });
  scene.server.fault = () => undefined;
  await waiting(scene, 0);
  await scene.settle(Promise.all([arrive(b, 2), arrive(c, 2)]));
});

Deno.test("Barrier.arrive() never opens for one that died before the last one came, however short before", async () => {
  await using scene = new VirtualScene();
  const [a, ...rest] = scene.team(4) as [SimulatedProcess, ...SimulatedProcess[]];
  void arrive(a, 3);
  await waiting(scene, 1);
  const others = [arrive(rest[0]!, 3)];
  await waiting(scene, 2);
  a.pause(); // its Lease stands for 8 s still
  others.push(arrive(rest[1]!, 3));
  await waiting(scene, 3);
  const before = scene.time.now;
  await waiting(scene, 2);
  ok(scene.time.now - before < 11_000, `${scene.time.now - before} ms`);
  strictEqual(stateOf(scene).generation, 0);
  others.push(arrive(rest[2]!, 3));
  const arrivals = await scene.settle(Promise.all(others));
  deepStrictEqual(arrivals.map(({ generation }) => generation), [1, 1, 1]);
});

Deno.test("Barrier.arrive() opens for the living when all who waited died, and all are started again", async () => {
  await using scene = new VirtualScene();
  const old = scene.team(5);
  for (const it of old) void arrive(it, 8);
  await waiting(scene, 5);
  old.forEach((it) => it.pause());
  await scene.pass(3_600_000); // their Leases stand, for nobody looks
  const before = scene.time.now;
  const processes = await Promise.all(
    Array.from({ length: 8 }, (_, i) => scene.process(`again-${i}`)),
  );
  const arrivals = await scene.settle(Promise.all(processes.map((it) => arrive(it, 8))));
  deepStrictEqual(new Set(arrivals.map((it) => it.generation)), new Set([1]));
  deepStrictEqual(arrivals.map((it) => it.index).sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  ok(scene.time.now - before < 12_000, `${scene.time.now - before} ms`);
});

Deno.test("Barrier.arrive() opens for the living also when those died who looked after a dead one", async () => {
  await using scene = new VirtualScene();
  const old = scene.team(4);
  for (const it of old.slice(0, 3)) void arrive(it, 4);
  await waiting(scene, 3);
  old[0]!.pause();
  void arrive(old[3]!, 4);
  await waiting(scene, 4);
  await scene.pass(500); // all but one have confirmed
  strictEqual(stateOf(scene).waiting.filter((it) => it.confirmed).length, 3);
  old.forEach((it) => it.pause());
  await scene.pass(60_000);
  const before = scene.time.now;
  const processes = await Promise.all(
    Array.from({ length: 4 }, (_, i) => scene.process(`again-${i}`)),
  );
  await scene.settle(Promise.all(processes.map((it) => arrive(it, 4))));
  ok(scene.time.now - before < 22_000, `${scene.time.now - before} ms`);
});

Deno.test("Barrier.arrive() rejects in a process that was paused until it was taken out, and others open it", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const late = arrive(a, 2);
  await waiting(scene, 1);
  a.pause();
  const open = arrive(b, 2);
  await waiting(scene, 2);
  await waiting(scene, 1);
  await scene.settle(Promise.all([open, arrive(c, 2)]));
  a.resume();
  await rejects(scene.settle(late), {
    name: "SessionLostError",
    message:
      'Cannot arrive at barrier "phase": the session of this process was gone, so it was taken out',
  });
  await scene.settle(Promise.all([arrive(a, 2), arrive(b, 2)]));
  strictEqual(stateOf(scene).generation, 2);
});

Deno.test("Barrier.arrive() gets over an API server that is away for longer than sessions live", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const calls = [arrive(a, 3), arrive(b, 3)];
  await waiting(scene, 2);
  scene.server.fault = () => "lose request";
  scene.processes.forEach((it) => it.cut());
  calls.push(arrive(c, 3));
  await scene.pass(60_000);
  scene.server.fault = () => undefined;
  const sessions = stateOf(scene).waiting.map((it) => it.session);
  await scene.until(() => stateOf(scene).waiting.every((it) => !sessions.includes(it.session)));
  const arrivals = await scene.settle(Promise.all(calls));
  deepStrictEqual(arrivals.map((it) => it.generation), [1, 1, 1]);
});

Deno.test("Barrier.arrive() rejects at all parties when the ConfigMap is deleted", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const calls = [arrive(a, 3), arrive(b, 3)];
  await waiting(scene, 2);
  b.pause(); // it hears of the new one only
  scene.server.remove("configmaps", NAME);
  const next = [arrive(c, 3)];
  await waiting(scene, 1);
  b.resume();
  for (const call of calls) {
    await rejects(scene.settle(call), {
      name: "RecordDeletedError",
      message: 'Cannot arrive at barrier "phase": ConfigMap "ns/troupe-barrier-phase" was ' +
        "deleted meanwhile, and with it what others had done",
    });
  }
  next.push(arrive(a, 3), arrive(b, 3));
  await scene.settle(Promise.all(next));
});

Deno.test("Barrier.arrive() refuses another number of parties while somebody who lives waits", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const open = arrive(a, 2);
  await waiting(scene, 1);
  await rejects(scene.settle(arrive(b, 3)), {
    name: "TypeError",
    message: 'Cannot arrive at barrier "phase" of 3 parties: others wait for 2 parties',
  });
  const other = arrive(c, 1);
  await scene.pass(2_000);
  a.pause();
  strictEqual((await scene.settle(other)).generation, 1);
  a.resume();
  await rejects(scene.settle(open), { name: "SessionLostError" });
  throws(() => new Barrier(a.context, "phase", 0), {
    name: "TypeError",
    message: 'Cannot make barrier "phase": "parties" given 0, allowed is an integer from 1 to 1000',
  });
});

for (const isKnown of [true, false]) {
  const what = isKnown ? "resolves as it was counted" : "tells that nobody knows";
  Deno.test(`Barrier.arrive() that is ended when the answer to its confirmation was lost ${what}`, async () => {
    await using scene = new VirtualScene();
    const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
    const call = arrive(a, 2, { timeout: 1_000 });
    await waiting(scene, 1);
    let isLost = false;
    scene.server.fault = ({ client, method, resource }) => {
      if (client !== a.name) return undefined;
      if (isLost) return isKnown ? undefined : "lose request";
      if (method !== "PUT" || resource !== "configmaps") return undefined;
      isLost = true;
      a.cut(); // or it would hear of it at once
      return "lose answer";
    };
    strictEqual((await scene.settle(arrive(b, 2))).generation, 1);
    if (isKnown) strictEqual((await scene.settle(call)).index, 0);
    else {
      await rejects(scene.settle(call), (error: Error) => {
        strictEqual(error.name, "UnknownOutcomeError");
        return /^Cannot tell whether barrier "phase" has opened for this/.test(error.message);
      });
    }
    scene.server.fault = () => undefined;
    await scene.settle(Promise.all([arrive(a, 2), arrive(b, 2)]));
  });
}

/** Requests about the record. */
function requestsIn(scene: VirtualScene): VirtualScene["server"]["calls"] {
  return scene.server.calls.filter(({ resource }) => resource === "configmaps");
}

/** Barriers of so many processes, and what lets all of them arrive and tells how many requests it took. */
function crowd(scene: VirtualScene, n: number, gap: number): () => Promise<number> {
  const random = seededRandom(1);
  const processes = scene.team(n, { random, latency: () => 1 + random() });
  const barriers = processes.map((it) => barrierOf(it, n));
  return async () => {
    scene.server.calls.length = 0;
    const calls = [];
    for (const it of barriers) {
      calls.push(it.arrive());
      await scene.pass(gap);
    }
    await scene.settle(Promise.all(calls));
    const requests = requestsIn(scene);
    const stored = requests.filter(({ method, code }) => method !== "GET" && code === 200);
    strictEqual(stored.length, 2 * n - 1);
    return requests.length;
  };
}

for (
  const [n, gap, first, later] of [[8, 500, 7, 4], [8, 0, 10, 6], [64, 0, 16, 12]] as const
) {
  Deno.test(`Barrier keeps its budget when ${n} parties come ${gap ? "one after another" : "at once"}`, async () => {
    await using scene = new VirtualScene();
    const open = crowd(scene, n, gap);
    for (const most of [first, later]) {
      const requests = await open();
      ok(requests <= most * n, `${requests / n} requests a party, allowed are ${most}`);
    }
    await scene.pass(11_000); // the watches linger
    strictEqual(scene.server.watches, 0);
    if (n === 8) ok(await open() <= first * n);
  });
}

Deno.test("Barrier keeps its budget while parties wait", async () => {
  await using scene = new VirtualScene();
  for (const it of scene.team(7)) void arrive(it, 8);
  await waiting(scene, 7);
  strictEqual(scene.server.watches, 7);
  scene.server.calls.length = 0;
  await scene.pass(60_000);
  ok(scene.server.calls.every(({ resource, method }) => resource === "leases" && method === "PUT"));
  ok(scene.server.calls.length <= 7 * 30);
});
