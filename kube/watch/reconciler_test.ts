import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { Reconciler } from "./reconciler.ts";

/** Lets every promise that can settle do so. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}

Deno.test("Reconciler runs a key once however often it was enqueued", async () => {
  const runs: string[] = [];
  await using reconciler = new Reconciler((key) => {
    runs.push(key);
    return Promise.resolve();
  }, { name: "things" });
  for (const key of ["a", "b", "a", "a"]) reconciler.enqueue(key);
  strictEqual(runs.length, 0);
  await reconciler.idle();
  deepStrictEqual(runs, ["a", "b"]);
});

Deno.test("Reconciler never runs equal keys at once, and runs again what changed meanwhile", async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  await using reconciler = new Reconciler(() => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  }, { name: "things" });
  reconciler.enqueue("a");
  await turn();
  reconciler.enqueue("a");
  reconciler.enqueue("a");
  await turn();
  strictEqual(runs.length, 1);
  runs[0]?.resolve();
  await turn();
  strictEqual(runs.length, 2);
  runs[1]?.resolve();
  await reconciler.idle();
  strictEqual(runs.length, 2);
});

Deno.test("Reconciler runs a key though another one that runs was enqueued again", async () => {
  const runs: string[] = [];
  const blocked = Promise.withResolvers<void>();
  await using reconciler = new Reconciler((key) => {
    runs.push(key);
    return key === "a" ? blocked.promise : Promise.resolve();
  }, { name: "things" });
  reconciler.enqueue("a");
  await turn();
  reconciler.enqueue("a"); // waits for the end of the first
  await turn();
  reconciler.enqueue("b");
  await turn();
  blocked.resolve();
  await reconciler.idle();
  deepStrictEqual(runs, ["a", "b", "a"]);
});

Deno.test("Reconciler runs as many keys at once as it has workers", async () => {
  let active = 0;
  let most = 0;
  await using reconciler = new Reconciler(async () => {
    most = Math.max(most, ++active);
    await turn();
    active--;
  }, { name: "things", workers: 3 });
  for (let i = 0; i < 10; i++) reconciler.enqueue(`k${i}`);
  await reconciler.idle();
  strictEqual(most, 3);
});

Deno.test("Reconciler tries again with growing waits until it succeeds", async () => {
  using time = new FakeTime();
  const started = time.now;
  const runs: number[] = [];
  const errors: string[] = [];
  await using reconciler = new Reconciler(() => {
    runs.push(time.now - started);
    return runs.length < 4 ? Promise.reject(new Error("no")) : Promise.resolve();
  }, { name: "things", random: () => 1, onError: (key, error) => errors.push(`${key}: ${error}`) });
  reconciler.enqueue("a");
  for (let i = 0; i < 20; i++) await time.tickAsync(50);
  deepStrictEqual(runs, [0, 50, 150, 350]);
  deepStrictEqual(errors, Array(3).fill("a: Error: no"));
});

Deno.test("Reconciler runs again after the time that a run asks for", async () => {
  using time = new FakeTime();
  let runs = 0;
  await using reconciler = new Reconciler(() => {
    runs++;
    return Promise.resolve(runs === 1 ? { after: 1_000 } : undefined);
  }, { name: "things" });
  reconciler.enqueue("a");
  await reconciler.idle();
  await time.tickAsync(999);
  strictEqual(runs, 1);
  await time.tickAsync(1);
  strictEqual(runs, 2);
  await time.tickAsync(100_000);
  strictEqual(runs, 2);
});

Deno.test("Reconciler.enqueue() keeps the earlier of two times", async () => {
  using time = new FakeTime();
  let runs = 0;
  await using reconciler = new Reconciler(() => {
    runs++;
    return Promise.resolve();
  }, { name: "things" });
  reconciler.enqueue("a", { after: 1_000 });
  reconciler.enqueue("a", { after: 5_000 });
  reconciler.enqueue("b", { after: 5_000 });
  reconciler.enqueue("b");
  await reconciler.idle();
  strictEqual(runs, 1);
  await time.tickAsync(1_000);
  strictEqual(runs, 2);
  await time.tickAsync(10_000);
  strictEqual(runs, 2);
});

Deno.test("Reconciler.close() aborts and awaits what runs, and drops the rest", async () => {
  const ends: string[] = [];
  const reconciler = new Reconciler(async (key, signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    await turn();
    ends.push(key);
    throw signal.reason;
  }, { name: "things", workers: 1, onError: (key) => ends.push(`error of ${key}`) });
  reconciler.enqueue("a");
  reconciler.enqueue("b");
  reconciler.enqueue("c", { after: 1_000 });
  await turn();
  const idle = reconciler.idle();
  await reconciler.close();
  await idle;
  reconciler.enqueue("d");
  await reconciler.close();
  deepStrictEqual(ends, ["a"]);
});

Deno.test("Reconciler closes when its signal aborts", async () => {
  const controller = new AbortController();
  const reconciler = new Reconciler(() => Promise.resolve(), {
    name: "things",
    signal: controller.signal,
  });
  reconciler.enqueue("a", { after: 1_000 });
  controller.abort();
  await reconciler.close();
});

Deno.test("Reconciler refuses to have no worker", () => {
  throws(
    () => new Reconciler(() => Promise.resolve(), { name: "things", workers: 0 }),
    /Cannot reconcile things with 0 workers/,
  );
});
