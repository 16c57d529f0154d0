import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import { HandlerError } from "../errors.ts";
import { Group } from "../group/group.ts";
import { MemoryWorker, type MemoryWorkerOptions } from "../group/testdata/memory_worker.ts";
import type { Pool } from "./pool.ts";
import { PoisonError } from "./poison_error.ts";
import { Work } from "./work.ts";

const numbers = contract("numbers", { double: { input: z.number(), output: z.number() } });
type S = typeof numbers["specs"];
type Double = (n: number) => number | Promise<number>;

/** Workers in memory behind a real group, with real callers and callees. */
class Scene {
  readonly group = new Group(numbers);
  readonly work: Work<S> = new Work<S>(this.group satisfies Pool);
  readonly workers: MemoryWorker<S>[] = [];

  add(double: Double, options: MemoryWorkerOptions = {}): MemoryWorker<S> {
    const worker = new MemoryWorker(numbers, { double }, { concurrency: 4, ...options });
    this.group.add(worker.member);
    this.workers.push(worker.connect());
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.group.close(new Error("over"));
    for (const worker of this.workers) await worker.die();
  }
}

function count(n: number): number[] {
  return [...Array(n).keys()];
}

Deno.test("map() over a group has all tasks done by all its workers", async () => {
  await using scene = new Scene();
  for (let n = 0; n < 3; n++) scene.add((n) => 2 * n);
  const results = await Array.fromAsync(scene.work.map("double", count(300), { ordered: true }));
  deepStrictEqual(
    results.map((result) => result.ok && result.output),
    count(300).map((n) => 2 * n),
  );
  const workers = new Set(results.map((result) => result.ok && result.worker));
  strictEqual(workers.size, 3);
});

Deno.test("map() and submit() refuse at once what nobody would ever do", async () => {
  await using scene = new Scene();
  const { work } = scene;
  const missing = { name: "TypeError", message: /contract "numbers" has no method of that name/ };
  throws(() => work.map("halve" as "double", [1]), missing);
  throws(() => work.submit("halve" as "double", 1), missing);
  for (const inputs of [5, undefined, null, {}, "text"]) {
    throws(() => work.map("double", inputs as unknown as number[]), {
      name: "TypeError",
      message: /^Cannot map "double": "inputs" .*, allowed is a list, or another iterable$/,
    });
  }
});

Deno.test("map() over a group tells errors of handlers, and inputs that do not fit", async () => {
  await using scene = new Scene();
  scene.add((n) => {
    if (n === 1) throw new Error("not this one");
    return n;
  });
  const inputs = [0, 1, "x" as unknown as number, 3];
  const results = await Array.fromAsync(scene.work.map("double", inputs, { ordered: true }));
  deepStrictEqual(results.map(({ ok }) => ok), [true, false, false, true]);
  const errors = results.map((result) => result.ok ? undefined : result.error);
  ok(errors[1] instanceof HandlerError);
  ok(errors[2] instanceof TypeError, String(errors[2]));
});

Deno.test("map() over a group goes on when workers die, and sets poison aside", async () => {
  await using scene = new Scene();
  const double: Double = async (n) => {
    if (n === 50) {
      const last = scene.workers.at(-1)!;
      scene.add(double);
      await last.die();
      return await new Promise<never>(() => {});
    }
    await Promise.resolve();
    return 2 * n;
  };
  scene.add(double, { concurrency: 1 });
  const got = new Set<number>();
  const failed: unknown[] = [];
  for await (const result of scene.work.map("double", count(200))) {
    got.add(result.index);
    if (!result.ok) failed.push(result.error);
  }
  strictEqual(got.size, 200);
  ok(failed.length > 0 && failed.every((error) => error instanceof PoisonError));
});

Deno.test("map() over a group moves what a draining worker has not begun, and counts it once", async () => {
  await using scene = new Scene();
  const gate = Promise.withResolvers<void>();
  // its caller believes that it runs more at once than it does, so that some wait there
  const draining = scene.add((n) => gate.promise.then(() => 2 * n), {
    concurrency: 2,
    believed: { concurrency: 6, queue: 0 },
  });
  const results = scene.work.map("double", count(20), { ordered: true });
  const first = results.next();
  while (draining.member.inFlight < 6) await new Promise((resolve) => setTimeout(resolve, 1));
  const drained = draining.callee.drain();
  scene.add((n) => 2 * n);
  while (draining.member.inFlight > 2) await new Promise((resolve) => setTimeout(resolve, 1));
  gate.resolve();
  const all = [(await first).value, ...await Array.fromAsync(results)];
  await drained;
  strictEqual(all.length, 20);
  ok(
    all.every((result) => result.ok && result.output === 2 * result.index && result.attempts === 1),
  );
});

Deno.test("submit() over a group waits for the first worker", async () => {
  await using scene = new Scene();
  const tasks = count(20).map((n) => scene.work.submit("double", n));
  strictEqual(scene.work.load.waiting, 20);
  scene.add((n) => 2 * n, { concurrency: 2 });
  deepStrictEqual(
    await Promise.all(tasks.map(({ result }) => result)),
    count(20).map((n) => 2 * n),
  );
  deepStrictEqual(scene.work.load, { waiting: 0, running: 0, saturated: 0 });
});

Deno.test("Work.load counts what a group is asked beside tasks", async () => {
  await using scene = new Scene();
  const told: number[] = [];
  const undo = scene.work.onLoad(({ waiting }) => told.push(waiting));
  const task = scene.work.submit("double", 1);
  const answer = scene.group.ask("double", 2);
  deepStrictEqual(scene.work.load, { waiting: 2, running: 0, saturated: 0 });
  await Promise.resolve();
  deepStrictEqual(told, [2]);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.add((n) => promise.then(() => 2 * n));
  deepStrictEqual(scene.work.load, { waiting: 0, running: 2, saturated: 0 });
  resolve();
  deepStrictEqual([await task.result, await answer], [2, 4]);
  deepStrictEqual(scene.work.load, { waiting: 0, running: 0, saturated: 0 });
  undo();
});

Deno.test("map() ends when its group is closed, also if all its tasks run then, and does not go on later", async () => {
  await using scene = new Scene();
  const begun = Promise.withResolvers<void>();
  const worker = scene.add(async (n) => {
    if (n === 1) begun.resolve();
    return await new Promise<number>(() => {});
  });
  const results = Array.fromAsync(scene.work.map("double", [0, 1], { retries: 5 }));
  const submitted = scene.work.submit("double", 2).result.catch((error) => error);
  await begun.promise;
  const reason = new Error("another one leads");
  scene.group.close(reason);
  worker.member.close(reason);
  const ended = rejects(results, reason);
  await new Promise((resolve) => setTimeout(resolve, 0));
  scene.group.open(); // the next term begins
  await ended;
  strictEqual(await submitted, reason);
  deepStrictEqual(scene.work.load, { waiting: 0, running: 0, saturated: 0 });
});
