import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { randomFaults } from "../testdata/random_faults.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import { Once } from "./once.ts";
import type { Turn } from "./once_turn.ts";

const SEEDS = Number(Deno.env.get("TROUPE_TEST_SEEDS") ?? 10);
const NAME = "troupe-once-migrate";

function onceOf({ context }: SimulatedProcess): Once<string> {
  return new Once(context, "migrate", z.string());
}

/** Work of a process that takes so long by its own clock, unless its turn ends. */
function working({ name, clock }: SimulatedProcess, ms: number): (turn: Turn) => Promise<string> {
  return (turn) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    clock.timer(ms, () => resolve(name));
    turn.signal.addEventListener("abort", () => reject(turn.signal.reason));
    return promise;
  };
}

/** Work that heeds nothing. */
function stubborn({ name, clock }: SimulatedProcess, ms: number): (turn: Turn) => Promise<string> {
  return () => new Promise((resolve) => clock.timer(ms, () => resolve(name)));
}

Deno.test("Once.run() lets one do it, and gives its result to all", async () => {
  await using scene = new VirtualScene();
  const processes = scene.team(5);
  let runs = 0;
  const run = (it: SimulatedProcess) =>
    onceOf(it).run(async (turn) => {
      runs++;
      strictEqual(turn.scope, "once/ns/migrate");
      ok(turn.token > 100 && turn.remainingMs() > 0);
      turn.throwIfOver();
      return await working(it, 5_000)(turn);
    });
  const results = await scene.settle(Promise.all(processes.map(run)));
  strictEqual(new Set(results).size, 1);
  strictEqual(await scene.settle(run(scene.process("late"))), results[0]);
  strictEqual(runs, 1);
});

Deno.test("Once.run() gives results as the schema reads them from JSON, also to who made them", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const never = () => Promise.reject(new Error("it is done"));
  const schema = z.object({ at: z.coerce.date(), rest: z.string().optional() });
  const at = new Date(1e12);
  const of = ({ context }: SimulatedProcess) => new Once(context, "dates", schema);
  deepStrictEqual(await scene.settle(of(a).run(() => ({ at, rest: undefined }))), { at });
  deepStrictEqual(await scene.settle(of(b).run(never)), { at });
  const nothing = ({ context }: SimulatedProcess) => new Once(context, "nothing", z.undefined());
  strictEqual(await scene.settle(nothing(a).run(() => undefined)), undefined);
  strictEqual(await scene.settle(nothing(b).run(never)), undefined);
});

Deno.test("Once.run() gives an error to the caller whose function threw it, and lets the next one try", async () => {
  await using scene = new VirtualScene();
  const [a, b, c] = scene.team(3) as [SimulatedProcess, SimulatedProcess, SimulatedProcess];
  const failing = onceOf(a).run(async (turn) => {
    await working(a, 1_000)(turn);
    throw new Error("no space");
  });
  failing.catch(() => {});
  await scene.pass(100);
  const others = [b, c].map((it) => onceOf(it).run(working(it, 1_000)));
  await rejects(scene.settle(failing), { message: "no space" });
  const before = scene.time.now;
  const [first, second] = await scene.settle(Promise.all(others));
  strictEqual(first, second);
  ok(scene.time.now - before < 1_200, `${scene.time.now - before} ms`);
});

Deno.test("Once.run() refuses what is no result before anything is written, and lets the next one try", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const bad = [
    [5, "TypeError", /^Cannot complete once "migrate": its result given 5, allowed is /],
    ["x".repeat(512 * 1024), "RangeError", /: its result takes 524290 bytes, allowed are 524288$/],
  ] as const;
  for (const [result, name, message] of bad) {
    const run = onceOf(a).run(() => result as string);
    await rejects(scene.settle(run), { name, message });
    deepStrictEqual(scene.server.state(NAME), { doer: null, result: null });
  }
  strictEqual(await scene.settle(onceOf(b).run(() => "x".repeat(524286))), "x".repeat(524286));
  const other = new Once(a.context, "migrate", z.number());
  await rejects(scene.settle(other.run(() => 1)), {
    name: "RecordError",
    message: /^Cannot read the result of once "migrate": given "xxx/,
  });
});

Deno.test("Once.run() is followed when its process is killed, within 11 s", async () => {
  await using scene = new VirtualScene();
  const processes = scene.team(4);
  const [a, ...rest] = processes as [SimulatedProcess, ...SimulatedProcess[]];
  const lost = onceOf(a).run(working(a, 5_000));
  lost.catch(() => {});
  await scene.until(() => scene.server.count({ resource: "configmaps", method: "POST" }) === 1);
  await scene.pass(100);
  const others = Promise.all(rest.map((it) => onceOf(it).run(working(it, 100))));
  await scene.pass(1_000);
  a.pause();
  const before = scene.time.now;
  const results = await scene.settle(others);
  strictEqual(new Set(results).size, 1);
  ok(scene.time.now - before < 11_000, `${scene.time.now - before} ms`);
});

for (const isAwaited of [true, false]) {
  for (const isAway of [true, false]) {
    const who = isAway ? "cut off" : "paused";
    Deno.test(`Once.run() refuses the result of a doer that was ${who} beyond its lease, ${isAwaited ? "and was followed" : "though nobody followed"}`, async () => {
      await using scene = new VirtualScene();
      const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
      const tokens: number[] = [];
      let turn!: Turn;
      const late = onceOf(a).run((it) => {
        tokens.push((turn = it).token);
        return stubborn(a, 8_000)(it); // it does not even look at its signal
      });
      late.catch(() => {});
      await scene.pass(1_000);
      const next = isAwaited &&
        onceOf(b).run((it) => {
          tokens.push(it.token);
          return working(b, 100)(it);
        });
      if (isAway) {
        scene.server.fault = (call) => call.client === a.name ? "lose request" : undefined;
      } else a.pause();
      await scene.pass(20_000);
      scene.server.fault = () => undefined;
      a.resume();
      await rejects(scene.settle(late), { name: "SessionLostError" });
      throws(() => turn.throwIfOver(), { name: "SessionLostError" });
      strictEqual(turn.remainingMs(), 0);
      if (next) {
        strictEqual(await scene.settle(next), b.name);
        ok(tokens[1]! > tokens[0]!);
      }
      strictEqual(await scene.settle(onceOf(b).run(() => "again")), next ? b.name : "again");
    });
  }
}

Deno.test("Once.run() refuses the result of a doer whose Lease was deleted by a person, by the record alone", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2, { timing: { renewInterval: 5_000 } }) as [
    SimulatedProcess,
    SimulatedProcess,
  ];
  const late = onceOf(a).run(stubborn(a, 2_000));
  late.catch(() => {});
  await scene.pass(500);
  const next = onceOf(b).run(working(b, 5_000));
  await scene.pass(500);
  const session = (scene.server.state(NAME) as { doer: { session: string } }).doer.session;
  scene.server.remove("leases", session);
  await rejects(scene.settle(late), {
    name: "StaleTokenError",
    message: 'Cannot complete once "migrate": another one is at it',
  });
  strictEqual(await scene.settle(next), b.name);
});

Deno.test("Once.run() is next at once when the ConfigMap is deleted, and refuses who was at it", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const late = onceOf(a).run(stubborn(a, 3_000));
  late.catch(() => {});
  await scene.pass(500);
  const next = onceOf(b).run(working(b, 1_000));
  await scene.pass(500);
  scene.server.remove("configmaps", NAME);
  const before = scene.time.now;
  strictEqual(await scene.settle(next), b.name);
  ok(scene.time.now - before < 1_200);
  await rejects(scene.settle(late), {
    name: "StaleTokenError",
    message: 'Cannot complete once "migrate": its turn was taken away',
  });
  strictEqual(await scene.settle(onceOf(a).run(() => "again")), b.name);
});

Deno.test("Once.run() that is ended aborts its function's signal, and lets the next one try", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const ended = onceOf(a).run(working(a, 60_000), { timeout: 2_000 });
  ended.catch(() => {});
  await scene.pass(100);
  const next = onceOf(b).run(working(b, 100));
  const waiting = onceOf(b).run(working(b, 100), { timeout: 500 });
  await rejects(scene.settle(waiting), {
    name: "TimeoutError",
    message: 'Cannot run once "migrate": not within 500 ms',
  });
  await rejects(scene.settle(ended), { name: "TimeoutError" });
  strictEqual(await scene.settle(next), b.name);
});

Deno.test("Once.run() keeps a result that its function made though the call was ended", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const ended = onceOf(a).run(stubborn(a, 2_000), { timeout: 1_000 });
  strictEqual(await scene.settle(ended), a.name);
  strictEqual(await scene.settle(onceOf(b).run(() => "again")), a.name);
});

Deno.test("Once.run() gives its turn back when it is ended while it takes it", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  scene.server.fault = ({ method, resource }) =>
    method === "POST" && resource === "configmaps" ? "lose answer" : undefined;
  const ended = onceOf(a).run(working(a, 100), { timeout: 500 });
  await rejects(scene.settle(ended), { name: "TimeoutError" });
  scene.server.fault = () => undefined;
  const before = scene.time.now;
  strictEqual(await scene.settle(onceOf(b).run(working(b, 100))), b.name);
  ok(scene.time.now - before < 4_000, `${scene.time.now - before} ms`); // and not of a lease
});

Deno.test("Once.run() gets over an API server that is away, also while it is at it", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  const run = onceOf(a).run(working(a, 2_000));
  const wait = onceOf(b).run(working(b, 2_000));
  await scene.pass(1_500);
  scene.server.fault = () => "lose request";
  scene.processes.forEach((it) => it.cut());
  await scene.pass(3_500);
  scene.server.fault = () => undefined;
  const results = await scene.settle(Promise.all([run, wait]));
  strictEqual(results[0], results[1]);
});

Deno.test("Once.reset() lets it be done again", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2).map(onceOf) as [Once<string>, Once<string>];
  strictEqual(await scene.settle(a.run(() => "one")), "one");
  strictEqual(await scene.settle(b.run(() => "two")), "one");
  await scene.settle(a.reset());
  strictEqual(await scene.settle(b.run(() => "two")), "two");
  strictEqual(await scene.settle(a.run(() => "three")), "two");
});

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`Once.run() has one result and one trusted turn at a time, whatever dies (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    await using scene = new VirtualScene();
    scene.server.fault = randomFaults(random, { rate: 0.1 });
    const results = new Set<string>();
    let at: Turn | undefined;
    let token = 0;
    let works = 0;
    const work = (process: SimulatedProcess) => async (turn: Turn): Promise<string> => {
      works++;
      const id = `${process.name} ${works}`;
      // one that was paused may begin late
      if (turn.remainingMs() > 0) {
        ok(turn.token > token, `${turn.token} after ${token}`);
        token = turn.token;
        ok(!at || at.remainingMs() === 0, "two are at it");
        at = turn;
      }
      try {
        const ms = 4_000 * random();
        await (random() < 0.5 ? working : stubborn)(process, ms)(turn);
        if (random() < 0.3) throw new Error("it failed");
        return id;
      } finally {
        if (at === turn) at = undefined;
      }
    };
    const call = async (process: SimulatedProcess): Promise<void> => {
      for (;;) {
        try {
          results.add(await onceOf(process).run(work(process), { timeout: 30_000 * random() }));
          return;
        } catch (error) {
          if (error instanceof Error && /two are|after/.test(error.message)) throw error;
        }
      }
    };
    const options = { random, latency: () => 0.5 + 20 * random() };
    const processes = scene.team(6, options);
    const calls = processes.map(call);
    for (let i = 0; i < 8; i++) {
      await scene.pass(3_000 * random());
      const process = processes[Math.floor(6 * random())]!;
      if (process.running) process.pause();
      else process.resume();
      processes[Math.floor(6 * random())]!.cut();
    }
    await scene.pass(15_000);
    processes.forEach((it) => it.resume());
    await scene.settle(Promise.all(calls), 3_600_000);
    strictEqual(results.size, 1);
    ok(works > 0);
  });
}

Deno.test("Once keeps its budget when a doer fails: 3 requests at most of each who waits", async () => {
  await using scene = new VirtualScene();
  const random = seededRandom(1);
  const team = scene.team(11, { random, latency: () => 1 + random() });
  const [a, ...rest] = team as [SimulatedProcess, ...SimulatedProcess[]];
  const failing = onceOf(a).run(async (turn) => {
    await working(a, 5_000)(turn);
    throw new Error("no space");
  });
  failing.catch(() => {});
  await scene.pass(1_000);
  const others = rest.map((it) => onceOf(it).run(working(it, 60_000)));
  others.forEach((it) => it.catch(() => {}));
  await scene.pass(1_000);
  scene.server.calls.length = 0;
  await rejects(scene.settle(failing), { message: "no space" });
  await scene.pass(1_000);
  for (const { name } of rest) {
    const requests = scene.server.calls.filter(({ client, method, resource, watch }) => {
      const isRenewal = resource === "leases" && method === "PUT";
      return client === name && !isRenewal && !watch;
    });
    ok(
      requests.length <= 3,
      requests.map(({ method, resource }) => `${method} ${resource}`).join(),
    );
  }
});

Deno.test("Once keeps its budget", async () => {
  await using scene = new VirtualScene();
  const processes = scene.team(5);
  const [a, ...rest] = processes as [SimulatedProcess, ...SimulatedProcess[]];
  const requests = () => scene.server.calls.filter(({ resource }) => resource === "configmaps");
  const run = onceOf(a).run(working(a, 60_000));
  await scene.pass(1_000);
  const waiting = rest.map((it) => onceOf(it).run(working(it, 100)));
  [run, ...waiting].forEach((it) => it.catch(() => {}));
  await scene.pass(5_000);
  strictEqual(scene.server.watches, 1 + 2 * rest.length);
  strictEqual(scene.server.calls.length - requests().length, 1 + 2 * rest.length + 2);
  scene.server.calls.length = 0;
  await scene.pass(40_000); // only the doer's session is renewed
  ok(scene.server.calls.every(({ resource, method }) => resource === "leases" && method === "PUT"));
  ok(scene.server.calls.length <= 20);
  scene.server.calls.length = 0;
  await scene.settle(Promise.all([run, ...waiting]));
  deepStrictEqual(requests().map(({ method }) => method), ["PUT"]);
  scene.server.calls.length = 0;
  await scene.settle(onceOf(a).run(() => "again"));
  deepStrictEqual(requests().map(({ method }) => method), ["GET"]);
  await scene.pass(11_000); // the watch of the record lingers
  strictEqual(scene.server.watches, 0);
});

Deno.test("Once.run() leaves nobody at it whose claim comes after it was ended", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  let isFirst = true;
  scene.server.fault = ({ client, method, resource }) => {
    if (client !== a.name || method !== "POST" || resource !== "configmaps" || !isFirst) return;
    isFirst = false;
    return { delay: 4_000 };
  };
  await rejects(scene.settle(onceOf(a).run(() => "a", { timeout: 100 })));
  await scene.pass(5_000);
  strictEqual(await scene.settle(onceOf(b).run(() => "b", { timeout: 30_000 })), "b");
});

Deno.test("Once.run() lets others try though it was refused at first that it says so", async () => {
  await using scene = new VirtualScene();
  const [a, b] = scene.team(2) as [SimulatedProcess, SimulatedProcess];
  let refused = 0;
  const failed = onceOf(a).run(() => {
    scene.server.fault = ({ client, method, resource }) =>
      client === a.name && method === "PUT" && resource === "configmaps" && refused++ === 0
        ? 403
        : undefined;
    return Promise.reject(new Error("it failed"));
  });
  await rejects(scene.settle(failed), { message: "it failed" });
  strictEqual(await scene.settle(onceOf(b).run(() => "b", { timeout: 30_000 })), "b");
  strictEqual(a.errors.length, 1);
});
