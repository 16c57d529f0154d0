// Locks on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";
import { ReentrancyError } from "./reentrancy_error.ts";

/** No wait of these tests takes that long, so that they fail and do not hang. */
const LIMIT = { timeout: 20_000 };

Deno.test("Mutex.acquire() lets one in at a time on a server, with tokens that grow", async () => {
  await using stage = await PrimitivesStage.start();
  let inside = 0;
  const tokens: number[] = [];
  await Promise.all(Array.from({ length: 5 }, async () => {
    const mutex = (await stage.primitives()).mutex("orders");
    for (let i = 0; i < 5; i++) {
      await using held = await mutex.acquire(LIMIT);
      strictEqual(++inside, 1);
      tokens.push(held.token);
      await new Promise((resolve) => setTimeout(resolve, 1));
      held.throwIfOver();
      inside--;
    }
  }));
  strictEqual(tokens.length, 25);
  deepStrictEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b));
  deepStrictEqual(stage.errors, []);
});

Deno.test("Mutex is followed at once on a server when its holder closes, and refuses itself", async () => {
  await using stage = await PrimitivesStage.start();
  const [first, second] = [await stage.primitives(), await stage.primitives()];
  const mutex = first.mutex("orders");
  const held = await mutex.acquire(LIMIT);
  await rejects(mutex.acquire(LIMIT), ReentrancyError);
  strictEqual(await first.mutex("orders").tryAcquire(LIMIT), undefined);
  const next = second.mutex("orders").acquire(LIMIT);
  await first.close();
  const followed = await next;
  strictEqual(held.signal.aborted, true);
  strictEqual(held.remainingMs(), 0);
  ok(followed.token > held.token);
  deepStrictEqual(stage.errors, []);
});

Deno.test("Semaphore and ReadWriteLock let in whom they should on a server", async () => {
  await using stage = await PrimitivesStage.start();
  const inside = { permits: 0, readers: 0, writers: 0 };
  const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
  await Promise.all([0, 1, 2, 3].map(async (n) => {
    const primitives = await stage.primitives();
    const semaphore = primitives.semaphore("gpus", 2);
    await Promise.all(Array.from({ length: 5 }, async () => {
      await using _held = await semaphore.acquire(LIMIT);
      ok(++inside.permits <= 2);
      await pause();
      inside.permits--;
    }));
    const lock = primitives.readWriteLock("catalog");
    for (let i = 0; i < 4; i++) {
      if ((i + n) % 4 === 0) {
        await using _writing = await lock.acquireWrite(LIMIT);
        deepStrictEqual([++inside.writers, inside.readers], [1, 0]);
        await pause();
        inside.writers--;
      } else {
        await using _reading = await lock.acquireRead(LIMIT);
        inside.readers++;
        strictEqual(inside.writers, 0);
        await pause();
        inside.readers--;
      }
    }
  }));
  deepStrictEqual(stage.errors, []);
});
