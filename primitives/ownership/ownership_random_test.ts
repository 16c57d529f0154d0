import { ok } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { Fault } from "../testdata/object_server.ts";
import { OwnershipScene, type Participant } from "./testdata/ownership_scene.ts";

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed + 1);
const FAULTS: readonly Fault[] = ["lose request", "lose answer", 409, 429, 500, 503];
const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`);

/** How long it may take until all keys have owners when all is well, in milliseconds, as the text says. */
const RECOVERY = { found: 30_000, heardByEach: 10_000 };

// Members whose clocks run up to 10 % too fast or too slow, and whose handlers fail, and end late, are paused,
// killed, cut off, closed and started at random, the server loses and refuses, and people touch the objects.
for (const seed of SEEDS) {
  Deno.test(`ShardedOwnership never has two that are trusted with a key, and all keys are owned in the end (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    await using stage = new OwnershipScene(KEYS);
    const { participants, scene, server } = stage;
    let cut: string | undefined;
    let rate = 0;
    server.fault = (call) => {
      if (call.client === cut) return "lose request";
      if (random() < rate / 4) return { delay: between(0, 5_000) };
      return random() < rate ? pick(FAULTS) : undefined;
    };
    let started = 0;
    const start = () => {
      const pause = (ms: number, of: Participant) =>
        new Promise<void>((resolve) => of.process.clock.timer(ms, resolve));
      const me: Participant = stage.join(`p${started++}`, {
        process: { latency: () => between(0.5, 30), rate: between(0.9, 1.1), random },
        onAcquire: async (_key, _token, signal) => {
          if (random() < 0.1) throw new Error("It cannot do it");
          if (random() < 0.3) return;
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
          await pause(between(0, 1_000), me);
          signal.throwIfAborted();
        },
        onRelease: async () => {
          if (random() < 0.3) await pause(between(0, 1_000), me);
          if (random() < 0.1) throw new Error("It cannot end it");
        },
      });
    };
    for (let i = 0; i < 4; i++) start();
    const living = () => participants.filter(({ process }) => !process.killed);
    const actions: (() => unknown)[] = [
      () => pick(living()).process.pause(),
      () => living().forEach(({ process }) => process.resume()),
      () => living().forEach(({ process }) => process.resume()),
      () => rate = random() < 0.5 ? 0 : 0.4,
      () => server.stalled = random() < 0.3,
      () => cut = random() < 0.5 ? `p${Math.floor(random() * started)}` : undefined,
      () => living().length < 8 && start(),
      () => living().length > 2 && pick(living()).process.kill(),
      () => {
        const one = pick(living());
        if (living().length < 3) return;
        void one.ownership.close().then(() => one.process.close());
      },
      () => {
        const keys = random() < 0.5 ? KEYS : KEYS.slice(Math.floor(random() * 8));
        pick(living()).ownership.update(keys).catch(() => {});
      },
      () => {
        const object = server.objects.get("configmaps/troupe-ownership-parts");
        if (!object) return;
        server.store("configmaps", {
          ...object,
          metadata: { ...object.metadata, annotations: { touched: String(scene.time.now) } },
        });
      },
    ];
    for (let i = 0; i < 40; i++) {
      pick(actions)();
      await scene.pass(between(10, 5_000));
    }
    rate = 0;
    cut = undefined;
    server.stalled = false;
    living().forEach(({ process }) => process.resume());
    start(); // one at least names all keys
    // a watch that is broken, as some are now, is made up for by reading
    const { found, heardByEach } = RECOVERY;
    await stage.allOwned(KEYS, found + 2 * heardByEach * living().length);
    ok(stage.acquired >= KEYS.length);
  });
}
