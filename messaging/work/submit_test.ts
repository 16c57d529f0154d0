import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { Specs } from "../contract/contract.ts";
import {
  CanceledError,
  HandlerError,
  LostError,
  OverloadedError,
  TimedOutError,
} from "../errors.ts";
import { FakePool, type Handle } from "./testdata/fake_pool.ts";
import { lapse, pass, settle } from "./testdata/settle.ts";
import { PoisonError } from "./poison_error.ts";
import type { SubmitOptions, TaskHandle } from "./submit.ts";
import { Work } from "./work.ts";

const double: Handle = (n) => (n as number) * 2;

function submit(work: Work<Specs>, input: unknown, options: SubmitOptions = {}): TaskHandle {
  return work.submit("double" as never, input as never, options);
}

Deno.test("submit() has a task done, and tells where it is", async () => {
  const pool = new FakePool();
  const work = new Work(pool);
  const task = submit(work, 2);
  await settle();
  strictEqual(task.state, "waiting");
  const gate = Promise.withResolvers<number>();
  pool.add("w", () => gate.promise);
  await settle();
  strictEqual(task.state, "running");
  gate.resolve(4);
  strictEqual(await task.result, 4);
  strictEqual(task.state, "done");
  strictEqual(task.attempts, 1);
});

Deno.test("submit() refuses more tasks than may wait, and room() waits for it", async () => {
  const pool = new FakePool();
  const work = new Work(pool, { queue: 3 });
  const tasks = [1, 2, 3].map((n) => submit(work, n));
  throws(() => submit(work, 4), (error) => {
    ok(error instanceof OverloadedError);
    strictEqual(
      error.message,
      'Cannot submit a task of "double": 3 wait, which is as many as may',
    );
    return true;
  });
  const room = work.room();
  const end = new AbortController();
  const given = work.room({ signal: end.signal });
  end.abort(new Error("no time"));
  await rejects(given, /no time/);
  pool.add("w", double);
  await room;
  deepStrictEqual(await Promise.all(tasks.map(({ result }) => result)), [2, 4, 6]);
  await work.room();
  strictEqual(await submit(work, 4).result, 8);
});

Deno.test("submit() counts again when tasks are canceled that wait", async () => {
  const pool = new FakePool();
  const work = new Work(pool, { queue: 1 });
  const task = submit(work, 1);
  task.cancel(new Error("not needed"));
  await rejects(task.result, /not needed/);
  strictEqual(task.state, "canceled");
  strictEqual(pool.waiting, 0);
  const end = new AbortController();
  const other = submit(work, 1, { signal: end.signal });
  end.abort(new Error("over"));
  await rejects(other.result, /over/);
  deepStrictEqual(work.load, { waiting: 0, running: 0, saturated: 0 });
  throws(() => submit(work, 1, { signal: end.signal }), /over/);
});

Deno.test("TaskHandle.cancel() stops the handler, and a task between two tries", async () => {
  using time = new FakeTime();
  const stopped: unknown[] = [];
  const pool = new FakePool((n, { signal }) => {
    if (n === "fails") throw new HandlerError("no");
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        stopped.push(n);
        reject(signal.reason);
      })
    );
  });
  const work = new Work(pool);
  const running = submit(work, "runs");
  const failing = submit(work, "fails", { retries: 9, backoff: 10_000 });
  await settle();
  running.cancel();
  failing.cancel(new Error("enough"));
  await rejects(running.result, { name: "AbortError" });
  await rejects(failing.result, /enough/);
  await settle();
  deepStrictEqual(stopped, ["runs"]);
  strictEqual(failing.attempts, 1);
  strictEqual(time.next(), false); // no timer is left
});

Deno.test("submit() waits longer before each further try, at most 30 s", async () => {
  using time = new FakeTime();
  const at: number[] = [];
  const pool = new FakePool(() => {
    at.push(Date.now());
    throw new HandlerError("no");
  });
  const task = submit(new Work(pool, { random: () => 1 }), 1, { retries: 4, backoff: 10_000 });
  await pass(time, task.result.catch(() => {}));
  await rejects(task.result, HandlerError);
  deepStrictEqual(at.map((ms) => ms - at[0]!), [0, 10_000, 30_000, 60_000, 90_000]);
});

Deno.test("submit() tries what took too long again, and what its worker canceled without counting it", async () => {
  using time = new FakeTime();
  const errors = [
    new CanceledError("It stops"),
    new TimedOutError("Too long"),
    new CanceledError("It stops"),
  ];
  const pool = new FakePool((n) => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return n;
  });
  const task = submit(new Work(pool), 7, { retries: 1 });
  strictEqual(await pass(time, task.result), 7);
  strictEqual(task.attempts, 4);
});

Deno.test("submit() does not spin when workers hand a task back again and again", async () => {
  using time = new FakeTime();
  let asked = 0;
  const pool = new FakePool(() => {
    asked++;
    throw new OverloadedError("Full");
  });
  const task = submit(new Work(pool, { random: () => 1 }), 1);
  await lapse(time, 10_000);
  ok(asked > 5 && asked < 15, `asked ${asked} times`);
  strictEqual(task.attempts, 0);
  task.cancel();
  await settle();
});

Deno.test("submit() sets aside what leaves one worker after another out of reach", async () => {
  using time = new FakeTime();
  const pool = new FakePool();
  const stuck: Handle = (_, { worker }) => {
    worker.state = "unresponsive";
    return new Promise(() => {});
  };
  for (let n = 0; n < 5; n++) pool.add(`w${n}`, stuck);
  const task = submit(new Work(pool), 1);
  await lapse(time, 9_999);
  strictEqual(task.attempts, 1);
  await lapse(time, 21_000);
  await rejects(task.result, (error) => {
    ok(error instanceof PoisonError);
    deepStrictEqual(error.story.map(({ how }) => how), Array(3).fill("unreachable"));
    return true;
  });
  strictEqual([...pool.members].filter(({ calls }) => calls > 0).length, 3);
});

Deno.test("submit() keeps a story short, however long a task goes on", async () => {
  using time = new FakeTime();
  let left = 50;
  const pool = new FakePool(() => {
    throw left-- > 0 ? new HandlerError("no") : new LostError("gone");
  });
  const task = submit(new Work(pool), 1, { retries: 100, losses: 1 });
  await pass(time, task.result.catch(() => {}));
  await rejects(task.result, (error) => error instanceof PoisonError && error.story.length === 20);
  strictEqual(task.attempts, 51);
});
