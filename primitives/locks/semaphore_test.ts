import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { VirtualScene } from "../testdata/virtual_scene.ts";
import type { Hold } from "./hold.ts";
import type { LockQueue } from "./lock_queue.ts";
import { Semaphore } from "./semaphore.ts";

class SemaphoreScene extends VirtualScene {
  semaphore(name: string, permits = 2): Semaphore {
    return new Semaphore(this.process(name).context, "gpus", permits);
  }

  /** Those in the queue. */
  get queue(): string {
    const object = this.server.objects.get("configmaps/troupe-semaphore-gpus");
    const data = object?.data as { state: string } | undefined;
    return data ? (JSON.parse(data.state) as LockQueue).queue.map((it) => it.who).join() : "";
  }
}

/** A promise that nobody waits for if the test fails first. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

Deno.test("Semaphore.acquire() lets in as many as there are permits for, in their order", async () => {
  await using scene = new SemaphoreScene();
  const a = await scene.settle(scene.semaphore("a", 4).acquire({ permits: 2 }));
  const b = await scene.settle(scene.semaphore("b", 4).acquire());
  const order: string[] = [];
  const large = quiet(scene.semaphore("c", 4).acquire({ permits: 3 }));
  large.then(() => order.push("c"));
  await scene.until(() => scene.queue === "a,b,c");
  const small = quiet(scene.semaphore("d", 4).acquire());
  small.then(() => order.push("d"));
  await scene.pass(1_000);
  deepStrictEqual(order, []); // there would be a permit for d, but c was first
  strictEqual(await scene.settle(scene.semaphore("e", 4).tryAcquire()), undefined);
  await scene.settle(b.release());
  await scene.pass(100);
  deepStrictEqual(order, []);
  await scene.settle(a.release());
  await scene.settle(Promise.all([large, small]));
  deepStrictEqual(order, ["c", "d"]);
});

Deno.test("Semaphore gets back the permits of a process that died, all at once", async () => {
  await using scene = new SemaphoreScene();
  const a = scene.semaphore("a");
  await scene.settle(Promise.all([a.acquire(), a.acquire()]));
  const waits = ["b", "c"].map((name) => quiet(scene.semaphore(name).acquire()));
  await scene.pass(3_000);
  scene.processes[0]!.kill();
  const start = scene.time.now;
  await scene.settle(Promise.all(waits));
  ok(scene.time.now - start <= 9_000, `${scene.time.now - start} ms`);
});

Deno.test("Semaphore.acquire() by many of one process is few writes", async () => {
  await using scene = new SemaphoreScene();
  const a = scene.semaphore("a", 100);
  const holds = await scene.settle(Promise.all(Array.from({ length: 100 }, () => a.acquire())));
  await scene.settle(Promise.all(holds.map((it) => it.release())));
  ok(scene.server.writes({ resource: "configmaps" }) <= 4);
});

Deno.test("Semaphore.acquire() refuses another number of permits, unless those who said it are dead", async () => {
  await using scene = new SemaphoreScene();
  await scene.settle(scene.semaphore("a", 2).acquire());
  const b = scene.semaphore("b", 3);
  const message =
    'Cannot acquire semaphore "gpus": it has 3 permits here, and 2 for those who hold ' +
    "it or wait for it";
  await scene.settle(rejects(b.tryAcquire(), { message }));
  const start = scene.time.now;
  await scene.settle(
    rejects(
      b.acquire(),
      (error: Error) => error instanceof RangeError && error.message === message,
    ),
  );
  ok(scene.time.now - start <= 10_000);
  scene.processes[0]!.kill();
  const hold = await scene.settle(b.acquire(), 10_000);
  strictEqual(scene.queue, "b");
  // and when nobody is left the next one's counts
  await scene.settle(hold.release());
  await scene.settle(scene.semaphore("c", 2).acquire(), 1_000);
});

Deno.test("Semaphore() and acquire() refuse numbers of permits that cannot be", async () => {
  await using scene = new SemaphoreScene();
  throws(() => scene.semaphore("a", 0), {
    name: "TypeError",
    message: 'Cannot make a semaphore: "permits" given 0, allowed is an integer from 1 to 1000000',
  });
  await rejects(scene.semaphore("a", 2).acquire({ permits: 3 }), {
    name: "TypeError",
    message:
      'Cannot acquire semaphore "gpus": "permits" given 3, allowed is an integer from 1 to 2',
  });
  strictEqual(scene.server.calls.length, 0);
});

for (let seed = 1; seed <= 30; seed++) {
  Deno.test(`Semaphore never gives more permits than there are, and all who live get some (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new SemaphoreScene();
    const holds = new Map<string, Hold>();
    const counts = new Map<string, number>();
    let running = true;
    scene.check = () => {
      const trusted = scene.processes.filter((it) =>
        it.running && (holds.get(it.name)?.remainingMs() ?? 0) > 0
      );
      ok(trusted.length <= 2, trusted.map((it) => it.name).join());
    };
    scene.server.fault = () => running && random() < 0.05 ? "lose answer" : undefined;
    const run = async (semaphore: Semaphore, name: string) => {
      while (running) {
        const hold = await semaphore.acquire();
        holds.set(name, hold);
        await new Promise((resolve) => setTimeout(resolve, between(0, 1_000)));
        await hold.release();
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    };
    const runs: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) runs.push(quiet(run(scene.semaphore(`p${i}`), `p${i}`)));
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
