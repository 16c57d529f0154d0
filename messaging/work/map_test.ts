import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { Specs } from "../contract/contract.ts";
import { CanceledError, HandlerError, LostError, NotRunError } from "../errors.ts";
import { FakePool, type Handle } from "./testdata/fake_pool.ts";
import { lapse, pass, settle } from "./testdata/settle.ts";
import type { MapOptions } from "./map_options.ts";
import { PoisonError } from "./poison_error.ts";
import type { TaskResult } from "./task_result.ts";
import { Work } from "./work.ts";

const double: Handle = (n) => (n as number) * 2;

/** Results of a map over a pool, whatever the contract. */
function map(
  work: Work<Specs>,
  inputs: Iterable<unknown> | AsyncIterable<unknown>,
  options: MapOptions = {},
): AsyncIterableIterator<TaskResult<unknown>> {
  return work.map("double" as never, inputs as Iterable<never>, options);
}

async function all(results: AsyncIterable<TaskResult<unknown>>): Promise<TaskResult<unknown>[]> {
  return await Array.fromAsync(results);
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A handler whose calls end when the test says so. */
class Gate {
  readonly waiting: { input: unknown; open: (output?: unknown) => void; worker: string }[] = [];
  readonly canceled: unknown[] = [];
  readonly handle: Handle = (input, { signal, worker }) => {
    signal.addEventListener("abort", () => this.canceled.push(input));
    return new Promise((resolve) =>
      this.waiting.push({ input, open: resolve, worker: worker.worker.name })
    );
  };
  open(input: unknown, output: unknown = input): void {
    const at = this.waiting.findIndex((one) => one.input === input);
    this.waiting.splice(at, 1)[0]!.open(output);
  }
}

function* numbers(end = Infinity): Generator<number> {
  for (let n = 0; n < end; n++) yield n;
}

Deno.test("map() gives one result for each input, with who has done it", async () => {
  const work = new Work(new FakePool(double));
  const results = await all(map(work, [1, 2]));
  const worker = { name: "w0", uid: "uid-w0" };
  deepStrictEqual(results, [
    { index: 0, ok: true, output: 2, worker, attempts: 1 },
    { index: 1, ok: true, output: 4, worker, attempts: 1 },
  ]);
});

Deno.test("map() over nothing ends at once, also when there are no workers", async () => {
  deepStrictEqual(await all(map(new Work(new FakePool()), [])), []);
});

Deno.test("map() does nothing until a result is asked for", async () => {
  const pool = new FakePool(double);
  const work = new Work(pool);
  let pulled = 0;
  const results = map(
    work,
    (function* () {
      pulled++;
      yield 1;
    })(),
  );
  await settle();
  strictEqual(pulled, 0);
  await results.next();
  strictEqual(pulled, 1);
  await results.return!();
});

Deno.test("map() pulls an endless source only as workers have room, which it follows", async () => {
  const gate = new Gate();
  const pool = new FakePool(gate.handle, { workers: 2, concurrency: 3 });
  const work = new Work(pool);
  let pulled = 0;
  const results = map(
    work,
    (function* () {
      for (;;) yield pulled++;
    })(),
  );
  const first = results.next();
  await settle();
  strictEqual(pulled, 6);
  pool.add("late", gate.handle, 2);
  await settle();
  strictEqual(pulled, 8);
  gate.open(3);
  strictEqual((await first).value.index, 3);
  await settle();
  strictEqual(pulled, 9);
  await results.return!();
  strictEqual(gate.canceled.length, 8);
  strictEqual(pool.hearers, 0);
});

Deno.test("map() pulls one input when there are no workers, and waits for the first", async () => {
  const pool = new FakePool();
  const work = new Work(pool);
  const results = all(map(work, [1, 2, 3]));
  await settle();
  deepStrictEqual(work.load, { waiting: 1, running: 0, saturated: 0 });
  pool.add("w", double);
  strictEqual((await results).length, 3);
  deepStrictEqual(work.load, { waiting: 0, running: 0, saturated: 0 });
});

Deno.test("map() keeps to concurrency, and reaches it", async () => {
  let [now, most] = [0, 0];
  const pool = new FakePool(async (n) => {
    most = Math.max(most, ++now);
    await settle();
    now--;
    return n;
  }, { workers: 4, concurrency: 8 });
  strictEqual((await all(map(new Work(pool), numbers(200), { concurrency: 5 }))).length, 200);
  strictEqual(most, 5);
});

Deno.test("map() hands results on as they come, and in order if it is told so", async () => {
  for (const ordered of [false, true]) {
    const gate = new Gate();
    const pool = new FakePool(gate.handle);
    const got: number[] = [];
    const done = (async () => {
      for await (const { index } of map(new Work(pool), [0, 1, 2], { ordered })) got.push(index);
    })();
    await settle();
    for (const n of [2, 0, 1]) {
      gate.open(n);
      await settle();
    }
    await done;
    deepStrictEqual(got, ordered ? [0, 1, 2] : [2, 0, 1]);
  }
});

Deno.test("map() holds no more than the window for a reader that does not read on", async () => {
  const pool = new FakePool(double, { workers: 2 });
  const work = new Work(pool);
  let pulled = 0;
  const source = (function* () {
    for (;;) yield pulled++;
  })();
  const results = map(work, source, { window: 10 });
  await results.next();
  for (let n = 0; n < 100; n++) await settle();
  strictEqual(pulled, 11);
  deepStrictEqual(work.load, { waiting: 0, running: 0, saturated: 0 });
  for (let n = 0; n < 5; n++) await results.next();
  for (let n = 0; n < 100; n++) await settle();
  strictEqual(pulled, 16);
  await results.return!();
});

Deno.test("map() in order runs on past a slow task as far as the window", async () => {
  const gate = new Gate();
  const pool = new FakePool((n, call) => n === 0 ? gate.handle(n, call) : n, { workers: 2 });
  let pulled = 0;
  const source = (function* () {
    for (;;) yield pulled++;
  })();
  const results = map(new Work(pool), source, { ordered: true, window: 20 });
  const first = results.next();
  for (let n = 0; n < 100; n++) await settle();
  strictEqual(pulled, 20);
  gate.open(0);
  strictEqual((await first).value.index, 0);
  await results.return!();
});

Deno.test("map() lets no slow worker slow another one", async () => {
  const gate = new Gate();
  const pool = new FakePool();
  pool.add("slow", gate.handle, 2);
  pool.add("fast", double, 2);
  const results = map(new Work(pool), numbers(100));
  const got: TaskResult[] = [];
  for (let n = 0; n < 98; n++) got.push((await results.next()).value);
  ok(got.every((result) => result.ok && result.worker.name === "fast"));
  for (const { open } of gate.waiting) open(0);
  strictEqual((await all(results)).length, 2);
});

Deno.test("map() tries a task again elsewhere whose handler threw, and then gives its error", async () => {
  using time = new FakeTime();
  const seen: string[] = [];
  const handle: Handle = (n, { worker, attempt }) => {
    if (n !== 1) return n;
    seen.push(`${worker.worker.name} ${attempt}`);
    throw new HandlerError(`no ${attempt}`);
  };
  const pool = new FakePool(handle, { workers: 3 });
  const results = await pass(time, all(map(new Work(pool), [0, 1, 2], { retries: 2 })));
  strictEqual(results.length, 3);
  const failed = results.find(({ ok }) => !ok) as TaskResult & { ok: false };
  strictEqual(failed.error.message, "no 2");
  strictEqual(failed.attempts, 3);
  deepStrictEqual(new Set(seen.map((text) => text.split(" ")[0])).size, 3);
});

Deno.test("map() gives the error of what does not fit, and goes on with the rest", async () => {
  const results = await all(map(new Work(new FakePool(double)), [1, "does not fit", 2]));
  deepStrictEqual(results.map(({ ok }) => ok).sort(), [false, true, true]);
});

Deno.test("map() sets a task aside that lost three workers, with its story, and goes on", async () => {
  const pool = new FakePool();
  let died = 0;
  const handle: Handle = (n, { worker }) => {
    if (n !== 5) return n;
    const { name } = worker.worker;
    worker.lose(() => new LostError(`Worker "${name}" is gone`, { worker: name }));
    pool.add(`after-${++died}`, handle);
    return n;
  };
  pool.add("first", handle);
  const results = await all(map(new Work(pool), numbers(200)));
  strictEqual(results.length, 200);
  strictEqual(new Set(results.map(({ index }) => index)).size, 200);
  const [poison, ...others] = results.filter((result) => !result.ok);
  const { error, attempts, index } = poison as TaskResult & { ok: false };
  strictEqual(index, 5);
  strictEqual(attempts, 3);
  ok(error instanceof PoisonError);
  deepStrictEqual(error.story.map(({ how, worker }) => `${how} ${worker.name}`), [
    "lost first",
    "lost after-1",
    "lost after-2",
  ]);
  ok(error.story.every(({ began, ended }) => began <= ended));
  // its neighbors were lost with it as often: three workers died
  for (const other of others) {
    ok(!other.ok && other.error instanceof PoisonError);
  }
});

Deno.test("map() does not count what a draining worker hands back", async () => {
  const gate = new Gate();
  const pool = new FakePool();
  const draining = pool.add("draining", gate.handle, 3);
  const done = all(map(new Work(pool), [1, 2, 3]));
  await settle();
  draining.state = "draining";
  gate.open(1);
  draining.failAll(() => new NotRunError("It stops"));
  await settle();
  pool.add("next", double);
  const results = await done;
  deepStrictEqual(results.map(({ ok, attempts }) => [ok, attempts]), [
    [true, 1],
    [true, 1],
    [true, 1],
  ]);
});

Deno.test("map() moves the tasks of a worker out of reach, and hears nothing of them when it is back", async () => {
  using time = new FakeTime();
  const gate = new Gate();
  const pool = new FakePool();
  const cut = pool.add("cut", gate.handle, 2);
  const results = map(new Work(pool), [1, 2, 3]);
  const got = [results.next(), results.next(), results.next(), results.next()];
  await settle();
  cut.state = "unresponsive";
  await lapse(time, 9_000);
  cut.state = "ready"; // it was only slow
  await lapse(time, 5_000);
  deepStrictEqual(gate.canceled, []);
  cut.state = "connecting";
  pool.add("well", double, 2);
  await lapse(time, 9_999);
  strictEqual(gate.canceled.length, 0);
  await lapse(time, 1);
  for (const { open } of gate.waiting) open("late"); // what it answers after all
  cut.state = "ready";
  const values = (await Promise.all(got)).filter(({ done }) => !done).map(({ value }) => value);
  deepStrictEqual(
    values.sort((a, b) => a.index - b.index).map(({ output, attempts }) => [output, attempts]),
    [[2, 2], [4, 2], [6, 1]],
  );
  strictEqual(cut.hearers, 1); // the pool
});

function* failing(): Generator<unknown> {
  yield* [3, 4];
  throw new Error("the source has failed");
}

Deno.test("map() throws what its source throws after what had come, and cancels what runs", async () => {
  for (const isAsync of [false, true]) {
    const gate = new Gate();
    const pool = new FakePool((n, call) => n === 1 ? n : gate.handle(n, call));
    const ready = Promise.withResolvers<void>();
    const source = isAsync
      ? (async function* () {
        yield* [1, 2];
        await ready.promise;
        yield* failing();
      })()
      : failing();
    const results = map(new Work(pool), source);
    const first = results.next();
    first.catch(() => {});
    for (let n = 0; n < 5; n++) await settle();
    ready.resolve();
    for (let n = 0; n < 5; n++) await settle();
    if (isAsync) strictEqual((await first).value.output, 1);
    if (isAsync) strictEqual(gate.canceled[0], 2);
    else await rejects(first, /the source has failed/);
    if (isAsync) await rejects(results.next(), /the source has failed/);
    deepStrictEqual(await results.next(), { done: true, value: undefined });
    strictEqual(pool.hearers, 0);
    strictEqual(pool.members.values().next().value!.inFlight, 0);
  }
});

Deno.test("map() tells its source and its workers when its reader leaves", async () => {
  const gate = new Gate();
  const pool = new FakePool((n, call) => n === 0 ? n : gate.handle(n, call));
  const work = new Work(pool);
  let closed = false;
  const source = (function* () {
    try {
      yield* numbers();
    } finally {
      closed = true;
    }
  })();
  for await (const { index } of map(work, source)) {
    strictEqual(index, 0);
    break;
  }
  ok(closed);
  await settle();
  ok(gate.canceled.length > 0);
  deepStrictEqual(work.load, { waiting: 0, running: 0, saturated: 0 });
  strictEqual(pool.hearers, 0);
});

Deno.test("map() is not held up by a source that gives nothing when its reader leaves", async () => {
  const never = Promise.withResolvers<number>();
  const source = (async function* () {
    yield await never.promise;
  })();
  const results = map(new Work(new FakePool(double)), source);
  const first = results.next();
  await results.return!();
  deepStrictEqual(await first, { done: true, value: undefined });
  never.resolve(1);
  await settle();
});

Deno.test("map() ends with the signal's reason, before it began too", async () => {
  const gate = new Gate();
  const pool = new FakePool(gate.handle);
  const end = new AbortController();
  const results = map(new Work(pool), numbers(), { signal: end.signal });
  const first = results.next();
  first.catch(() => {});
  await settle();
  end.abort(new Error("enough"));
  await rejects(first, /enough/);
  await settle();
  strictEqual(gate.canceled.length, 4);
  strictEqual(pool.waiting, 0);
  await rejects(all(map(new Work(pool), numbers(), { signal: end.signal })), /enough/);
});

Deno.test("map() throws when the pool is closed", async () => {
  const pool = new FakePool();
  const done = all(map(new Work(pool), [1]));
  done.catch(() => {});
  await settle();
  pool.close(new Error("The group is closed"));
  await rejects(done, /The group is closed/);
});

Deno.test("map() says of which workers there are too few", async () => {
  const gate = new Gate();
  const pool = new FakePool(gate.handle, { workers: 3, concurrency: 1 });
  const work = new Work(pool);
  const loads: number[] = [];
  work.onLoad(({ saturated }) => loads.push(saturated));
  const results = map(work, numbers(4));
  const first = results.next();
  await settle();
  deepStrictEqual(work.load, { waiting: 0, running: 3, saturated: 3 });
  gate.open(0);
  await first;
  await settle();
  deepStrictEqual(work.load, { waiting: 0, running: 3, saturated: 3 }); // it does not know it is the last
  gate.open(1);
  await settle();
  deepStrictEqual(work.load, { waiting: 0, running: 2, saturated: 0 });
  ok(loads.includes(3));
  await results.return!();
});

Deno.test("map() refuses bad options by name", () => {
  const work = new Work(new FakePool());
  throws(
    () => map(work, [], { concurrency: 0, retries: -1 }),
    /Cannot map "double": .*"retries" given -1.*"concurrency" given 0/,
  );
  throws(() => map(work, [], { often: true } as MapOptions), /"often" is no known field/);
});

for (const seed of [1, 2, 3, 4]) {
  Deno.test(`map() gives exactly one result for each input under faults, by seed ${seed}`, async () => {
    using time = new FakeTime();
    const random = seeded(seed);
    const pool = new FakePool();
    let names = 0;
    const executed = new Map<number, number>();
    const handle: Handle = async (input) => {
      const n = input as number;
      executed.set(n, (executed.get(n) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
      if (n % 17 === 3 && random() < 0.5) throw new HandlerError("sometimes");
      return n;
    };
    const add = (): void => void pool.add(`w${names++}`, handle, 1 + Math.floor(random() * 4));
    for (let n = 0; n < 3; n++) add();
    const work = new Work(pool, { random });
    const ordered = seed % 2 === 0;
    let done = false;
    const results = all(
      map(work, numbers(500), { ordered, retries: 5, losses: 1_000, unreachable: 1_000 }),
    ).finally(() => done = true);
    while (!done) {
      await lapse(time, 50, 10);
      const members = [...pool.members];
      const victim = members[Math.floor(random() * members.length)];
      const dice = random();
      if (members.length < 6 && dice < 0.5) add();
      if (victim === undefined) continue;
      if (dice < 0.1) victim.lose(() => new LostError("lost"));
      else if (dice < 0.2) {
        victim.state = "draining";
        victim.failAll(() => new CanceledError("drained"));
        setTimeout(() => victim.lose(() => new LostError("lost")), 500);
      } else if (dice < 0.3 && victim.state === "ready") {
        victim.state = "unresponsive";
        setTimeout(() => {
          if (victim.state === "unresponsive") victim.state = "ready";
        }, random() * 3_000);
      }
    }
    const got = await results;
    const indices = got.map(({ index }) => index);
    if (!ordered) indices.sort((a, b) => a - b);
    deepStrictEqual(indices, [...numbers(500)]);
    for (const { index, attempts, ...result } of got) {
      ok(attempts >= executed.get(index)!, "executions are counted");
      if (result.ok) strictEqual(result.output, index);
      else ok(result.error instanceof HandlerError);
    }
    deepStrictEqual(work.load, { waiting: 0, running: 0, saturated: 0 });
    strictEqual(pool.hearers, 0);
  });
}

Deno.test("map() runs 100,000 tasks in seconds", async () => {
  const pool = new FakePool(double, { workers: 10, concurrency: 16 });
  const began = performance.now();
  let count = 0;
  for await (const result of map(new Work(pool), numbers(100_000))) if (result.ok) count++;
  strictEqual(count, 100_000);
  ok(performance.now() - began < 30_000); // about 1 s; the machine may be busy
});
