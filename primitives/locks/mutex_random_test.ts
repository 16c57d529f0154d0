import { ok } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { Fault } from "../testdata/object_server.ts";
import type { SimulatedProcess } from "../testdata/simulated_process.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import type { Hold } from "./hold.ts";
import { Mutex } from "./mutex.ts";

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed + 1);
const FAULTS: readonly Fault[] = [
  "lose request",
  "lose answer",
  { delay: 1_000 },
  { delay: 9_000 },
  409,
  429,
  500,
  503,
];

/** One process that acquires, holds and releases over and over, and sometimes gives up. */
class Worker {
  hold: Hold | undefined;
  /** How often it has held. */
  times = 0;
  stopped = false;

  constructor(readonly process: SimulatedProcess) {}

  async run(
    mutex: Mutex,
    options: { between: (from: number, to: number) => number; onHold: (hold: Hold) => void },
  ) {
    const { between, onHold } = options;
    const { clock } = this.process;
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.timer(ms, resolve));
    while (!this.stopped) {
      try {
        const timeout = between(0, 1) < 0.3 ? between(10, 5_000) : undefined;
        const hold = await mutex.acquire({ timeout });
        this.hold = hold;
        if (hold.remainingMs() > 0) onHold(hold);
        await sleep(between(0, 4_000));
        await hold.release();
        this.times++;
      } catch (error) {
        if ((error as Error).name !== "TimeoutError") throw error;
      }
      await sleep(between(0, 500));
    }
  }
}

// Processes whose clocks run up to 10 % too fast or too slow are paused, killed, cut off and closed at random,
// the server loses, delays and refuses, watches stall, and people edit labels.
for (const seed of SEEDS) {
  Deno.test(`Mutex never has two holds that are trusted at once, tokens grow, and all who live get it (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new VirtualScene();
    const { server } = scene;
    const workers: Worker[] = [];
    const failures: unknown[] = [];
    let highest = 0;
    let rate = 0;
    let cut: string | undefined;
    server.fault = (call) => {
      if (call.client === cut) return "lose request";
      const fault = random() < rate ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
      return fault === 409 && call.method !== "PUT" ? undefined : fault;
    };
    scene.check = () => {
      const trusted = workers.filter(({ process, hold }) =>
        process.running && hold && hold.remainingMs() > 0
      );
      ok(trusted.length <= 1, `${trusted.map((it) => it.process.name)} hold at ${scene.time.now}`);
    };
    const onHold = ({ token }: Hold) => {
      ok(token > highest, `${token} after ${highest}`);
      highest = token;
    };
    const start = () => {
      const process = scene.process(`p${workers.length}`, {
        latency: () => between(0.5, 30),
        rate: between(0.9, 1.1),
        random,
      });
      const worker = new Worker(process);
      workers.push(worker);
      worker.run(new Mutex(process.context, "orders"), { between, onHold }).catch((error) => {
        if (!process.context.signal.aborted) failures.push(error);
      });
    };
    for (let i = 0; i < 4; i++) start();
    const any = () => {
      const holder = workers.find(({ hold }) => hold && hold.remainingMs() > 0);
      if (holder && random() < 0.5) return holder;
      return workers[Math.floor(random() * workers.length)]!;
    };
    const actions: (() => unknown)[] = [
      () => any().process.pause(),
      () => workers.forEach(({ process }) => process.resume()),
      () => (rate = random() < 0.5 ? 0 : 0.3),
      () => (server.stalled = random() < 0.3),
      () => (cut = random() < 0.5 ? any().process.name : undefined),
      () => {
        const { process } = any();
        if (process.killed) return;
        process.kill();
        start();
      },
      () => {
        const worker = any();
        worker.stopped = true;
        void worker.process.close().then(start);
      },
      () => {
        for (const [key, object] of server.objects) {
          if (random() < 0.5) server.store(key.split("/")[0]!, object);
        }
      },
    ];
    for (let i = 0; i < 20; i++) {
      actions[Math.floor(random() * actions.length)]!();
      await scene.pass(between(10, random() < 0.3 ? 12_000 : 3_000));
    }
    // and when all is well again, each that lives gets it
    rate = 0;
    cut = undefined;
    server.stalled = false;
    workers.forEach(({ process }) => process.resume());
    const living = workers.filter((it) => !it.stopped && !it.process.killed);
    const before = living.map((it) => it.times);
    const isDone = () => living.every((it, i) => it.times > before[i]! + 1);
    await scene.until(() => failures.length > 0 || isDone(), 240_000);
    ok(failures.length === 0, String(failures[0]));
  });
}

// A deleted lock is nobody's: those who hold it go on to trust in it. But all who live get it again.
for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`Mutex is got by all who live, with tokens of their own, when somebody deletes its object (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new VirtualScene();
    const tokens = new Set<number>();
    const onHold = ({ token }: Hold) => {
      ok(!tokens.has(token));
      tokens.add(token);
    };
    const failures: unknown[] = [];
    const workers = [0, 1, 2, 3].map((n) => {
      const process = scene.process(`p${n}`, { latency: () => between(0.5, 30), random });
      const worker = new Worker(process);
      worker.run(new Mutex(process.context, "orders"), { between, onHold }).catch((error) => {
        if (!process.context.signal.aborted) failures.push(error);
      });
      return worker;
    });
    for (let i = 0; i < 30; i++) {
      await scene.pass(between(1, 3_000));
      const isThere = scene.server.objects.has("configmaps/troupe-mutex-orders");
      if (isThere) scene.server.remove("configmaps", "troupe-mutex-orders");
    }
    const before = workers.map((it) => it.times);
    await scene.until(() => workers.every((it, i) => it.times > before[i]!), 60_000);
    ok(failures.length === 0, String(failures[0]));
  });
}
