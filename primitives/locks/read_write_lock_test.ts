import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import type { Hold } from "./hold.ts";
import { ReadWriteLock } from "./read_write_lock.ts";
import { ReentrancyError } from "./reentrancy_error.ts";

class LockScene extends VirtualScene {
  lock(name: string): ReadWriteLock {
    return new ReadWriteLock(this.process(name).context, "catalog");
  }

  /** Notes who gets it; nobody waits for that if the test fails first. */
  readonly order: string[] = [];

  noted(name: string, wait: Promise<Hold>): Promise<Hold> {
    wait.then(() => this.order.push(name), () => {});
    return wait;
  }
}

Deno.test("ReadWriteLock lets those in who read at the same time, and who writes alone, in their order", async () => {
  await using scene = new LockScene();
  const { order } = scene;
  const [a, b] = await scene.settle(
    Promise.all([scene.lock("a").acquireRead(), scene.lock("b").acquireRead()]),
  );
  const writer = scene.noted("w", scene.lock("w").acquireWrite());
  await scene.pass(100);
  const late = ["c", "d"].map((name) => scene.noted(name, scene.lock(name).acquireRead()));
  await scene.pass(100);
  strictEqual(await scene.settle(scene.lock("e").tryAcquireRead()), undefined); // the writer was first
  strictEqual(await scene.settle(scene.lock("f").tryAcquireWrite()), undefined);
  deepStrictEqual(order, []);
  await scene.settle(a.release());
  await scene.pass(100);
  deepStrictEqual(order, []);
  await scene.settle(b.release());
  const writing = await scene.settle(writer);
  ok(writing.token > a.token && writing.token > b.token);
  const writes = scene.server.writes({ resource: "configmaps" });
  await scene.settle(writing.release());
  const readers = await scene.settle(Promise.all(late));
  strictEqual(scene.server.writes({ resource: "configmaps" }), writes + 1);
  for (const { token } of readers) ok(token > writing.token);
  await scene.settle(Promise.all(readers.map((it) => it.release())));
  await scene.settle((await scene.settle(scene.lock("g").tryAcquireWrite()))!.release());
});

Deno.test("ReadWriteLock lets those in who read together when the writer between them gives up or dies", async () => {
  await using scene = new LockScene();
  await scene.settle(scene.lock("a").acquireRead());
  const given = rejects(scene.lock("w").acquireWrite({ timeout: 1_000 }), { name: "TimeoutError" });
  await scene.pass(100);
  const b = scene.noted("b", scene.lock("b").acquireRead());
  await scene.settle(given);
  await scene.settle(b, 100);
  scene.noted("dead", scene.lock("dead").acquireWrite());
  await scene.pass(100);
  const c = scene.noted("c", scene.lock("c").acquireRead());
  await scene.pass(100);
  scene.processes.find((it) => it.name === "dead")!.kill();
  await scene.settle(c, 9_000);
});

Deno.test("ReadWriteLock refuses an object that holds already, also to write what it reads", async () => {
  await using scene = new LockScene();
  const lock = scene.lock("a");
  const reading = await scene.settle(lock.acquireRead());
  await rejects(lock.acquireWrite(), ReentrancyError);
  await rejects(lock.tryAcquireRead(), ReentrancyError);
  await scene.settle(reading.release());
  const writing = await scene.settle(lock.acquireWrite());
  ok(writing.token > reading.token);
  strictEqual(writing.scope, "read-write-lock/ns/catalog");
});

for (let seed = 1; seed <= 30; seed++) {
  Deno.test(`ReadWriteLock never trusts a writer and another at once (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new LockScene();
    const holds = new Map<string, { hold: Hold; writes: boolean }>();
    const counts = new Map<string, number>();
    let running = true;
    scene.check = () => {
      const trusted = scene.processes.filter((it) =>
        it.running && (holds.get(it.name)?.hold.remainingMs() ?? 0) > 0
      );
      const writes = trusted.some((it) => holds.get(it.name)!.writes);
      ok(!writes || trusted.length === 1, trusted.map((it) => it.name).join());
    };
    scene.server.fault = () => running && random() < 0.05 ? "lose answer" : undefined;
    const run = async (lock: ReadWriteLock, name: string) => {
      while (running) {
        const writes = random() < 0.4;
        const hold = writes ? await lock.acquireWrite() : await lock.acquireRead();
        holds.set(name, { hold, writes });
        await new Promise((resolve) => setTimeout(resolve, between(0, 1_000)));
        await hold.release();
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    };
    const runs: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      const wait = run(scene.lock(`p${i}`), `p${i}`);
      wait.catch(() => {});
      runs.push(wait);
    }
    for (let i = 0; i < 10; i++) {
      const process = scene.processes[Math.floor(random() * 6)]!;
      if (i === 5) scene.processes[0]!.kill();
      else if (process.running) process.pause();
      await scene.pass(between(100, 9_000));
      scene.processes.forEach((it) => it.killed || it.resume());
    }
    const before = new Map(counts);
    const isDone = () =>
      scene.processes.every((it) =>
        it.killed || (counts.get(it.name) ?? 0) > (before.get(it.name) ?? 0)
      );
    // who lost the answer of its watch finds out by reading, the n-th in line each n times 8 s
    await scene.until(isDone, 240_000);
    running = false;
    await scene.settle(Promise.all(runs.slice(1)), 240_000);
  });
}
