import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import { contract, HandlerError, LostError, type TaskResult, Work } from "../../messaging/mod.ts";
import { FakePool, type Handle } from "../../messaging/work/testdata/fake_pool.ts";
import { lapse, settle } from "../../messaging/work/testdata/settle.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import type { BatchHandle } from "./batch.ts";
import type { BatchOptions } from "./batch_options.ts";
import type { BatchRecord } from "./batch_record.ts";
import { Batches } from "./batches.ts";

const numbers = contract("numbers", { double: { input: z.number(), output: z.number() } });
type S = typeof numbers["specs"];
type Options = Partial<BatchOptions<S, "double">>;

/** What is stored of a batch, for all coordinators; an older term's writes are refused. */
class Store {
  value: BatchRecord | undefined;
  term = 0;
  writes: number[] = [];
  /** Fails writes instead, once each. */
  readonly faults: Error[] = [];
  /** What writes wait for. */
  gate: Promise<void> = Promise.resolve();
  /** Whether the answer of what is stored is lost. */
  loseAnswers = false;
  #busy = false;

  async update(
    mandate: Mandate,
    change: (value: BatchRecord | undefined) => BatchRecord | undefined,
    options: { signal?: AbortSignal } = {},
  ): Promise<BatchRecord | undefined> {
    return await this.#once(async () => {
      mandate.check();
      options.signal?.throwIfAborted();
      const before = this.value;
      const after = change(structuredClone(before)) ?? before;
      await this.gate;
      if (this.faults.length > 0) throw this.faults.shift();
      if (mandate.token! < this.term) throw new NotLeadingError("write", { why: "it is old" });
      this.term = mandate.token!;
      if (JSON.stringify(after) !== JSON.stringify(before)) this.writes.push(Date.now());
      this.value = structuredClone(after);
      if (this.loseAnswers) throw new Error("the answer is lost");
      return structuredClone(after);
    });
  }

  async delete(mandate: Mandate): Promise<void> {
    await this.#once(() => {
      mandate.check();
      this.value = undefined;
      return Promise.resolve();
    });
  }

  async #once<T>(call: () => Promise<T>): Promise<T> {
    ok(!this.#busy, "calls of one record must not overlap");
    this.#busy = true;
    try {
      return await call();
    } finally {
      this.#busy = false;
    }
  }
}

/** A coordinator that leads when a test says so. */
class Leader {
  readonly batches: Batches;
  readonly errors: string[] = [];
  readonly results: TaskResult<number>[] = [];
  readonly #work: Work<S>;
  #term: { mandate: Mandate; end: AbortController } | undefined;

  constructor(store: Store, pool: FakePool) {
    this.#work = new Work(pool, { random: () => 0 });
    const require = (what: string): Mandate => {
      if (this.#term === undefined) throw new NotLeadingError(what);
      return this.#term.mandate;
    };
    this.batches = new Batches({
      record: () => store,
      require,
      bind: (handler) => handler,
      onError: (error) => this.errors.push(error.message),
    });
  }

  lead(token: number): void {
    const end = new AbortController();
    const check = (): void => {
      if (end.signal.aborted) throw new NotLeadingError("write", { why: "its term is over" });
    };
    this.#term = { mandate: { token, signal: end.signal, check }, end };
    this.batches.begin(this.#term.mandate);
  }

  lose(): void {
    this.batches.end();
    this.#term?.end.abort(new NotLeadingError("go on", { why: "its term is over" }));
    this.#term = undefined;
  }

  batch(options: Options = {}): BatchHandle {
    return this.batches.batch<S, "double">("b", {
      workers: this.#work,
      method: "double",
      inputs: count(10),
      onResult: (result) => void this.results.push(result),
      ...options,
    });
  }

  get indices(): number[] {
    return this.results.map(({ index }) => index).sort((a, b) => a - b);
  }
}

function count(n: number): number[] {
  return [...Array(n).keys()];
}

const double: Handle = (n) => (n as number) * 2;

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test("batch() does each input once, notes it, and is done at once the next time", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double));
  leader.lead(1);
  const batch = leader.batch();
  deepStrictEqual(await batch.done, { done: 10, failures: [] });
  deepStrictEqual(leader.indices, count(10));
  ok(leader.results.every((result) => result.ok && result.output === 2 * result.index));
  deepStrictEqual(batch.progress, { state: "done", done: 10, noted: 10, failed: 0, total: 10 });
  deepStrictEqual(store.value!.done, [[0, 10]]);
  const next = new Leader(store, new FakePool(double));
  next.lead(2);
  deepStrictEqual(await next.batch().done, { done: 10, failures: [] });
  deepStrictEqual(next.results, []);
});

Deno.test("batch() of a follower waits for its term, and of nothing is done", async () => {
  const store = new Store();
  const follower = new Leader(store, new FakePool(double));
  const batch = follower.batch({ inputs: [] });
  await settle();
  strictEqual(batch.progress.state, "waiting");
  await rejects(batch.cancel(), NotLeadingError);
  follower.lead(1);
  deepStrictEqual(await batch.done, { done: 0, failures: [] });
});

Deno.test("batch() goes on behind what was noted, and asks a function for no more", async () => {
  const store = new Store();
  store.value = { id: "", state: "running", done: [[0, 3], [4, 6]], failures: [] };
  const leader = new Leader(store, new FakePool(double));
  leader.lead(1);
  const asked: number[] = [];
  const inputs = (from: number): number[] => {
    asked.push(from);
    return count(10).slice(from);
  };
  deepStrictEqual((await leader.batch({ inputs }).done).done, 10);
  deepStrictEqual(asked, [3]);
  deepStrictEqual(leader.indices, [3, 6, 7, 8, 9]);
});

Deno.test("batch() writes at most once in its interval, and once at the end", async () => {
  using time = new FakeTime();
  const store = new Store();
  const pool = new FakePool(async (n) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return n;
  }, { concurrency: 1 });
  const leader = new Leader(store, pool);
  leader.lead(1);
  const batch = leader.batch({ inputs: count(40) });
  await lapse(time, 10_000);
  strictEqual((await batch.done).done, 40);
  const gaps = store.writes.slice(2, -1).map((at, n) => at - store.writes[n + 1]!);
  ok(store.writes.length <= 12, `${store.writes.length} writes`);
  ok(gaps.every((gap) => gap >= 500), gaps.join());
});

Deno.test("batch() deposed between onResult and the write repeats just that, and loses nothing", async () => {
  const store = new Store();
  const gate = Promise.withResolvers<void>();
  const pool = new FakePool(double, { concurrency: 1 });
  const old = new Leader(store, pool);
  old.lead(1);
  const first = old.batch({
    interval: 0,
    onResult: (result) => {
      old.results.push(result);
      if (result.index === 4) store.gate = gate.promise; // its write hangs
    },
  });
  while (old.results.length < 5) await settle();
  for (let n = 0; n < 20; n++) await settle();
  const noted = store.value!.done;
  strictEqual(first.progress.noted, noted[0]![1]);
  // it is paused while the next one begins
  const hanging = store.gate;
  store.gate = Promise.resolve();
  const next = new Leader(
    Object.assign(new Store(), { value: structuredClone(store.value) }),
    pool,
  );
  next.lead(2);
  strictEqual((await next.batch().done).done, 10);
  deepStrictEqual(next.indices, count(10).slice(noted[0]![1]));
  store.term = 2;
  gate.resolve();
  await hanging;
  old.lose();
  for (let n = 0; n < 20; n++) await settle();
  strictEqual(first.progress.state, "waiting");
  deepStrictEqual(store.value!.done, noted); // nothing of it was written late
  deepStrictEqual(old.errors, []);
  await old.batches.close(new Error("stopped"));
  await rejects(first.done, /stopped/);
});

for (
  const fault of [
    Object.assign(new Error("500"), { httpCode: 500 }),
    Object.assign(new Error("403"), { httpCode: 403 }),
  ]
) {
  Deno.test(`batch() takes on nothing more while writes fail with ${fault.message}, and goes on`, async () => {
    using time = new FakeTime();
    const store = new Store();
    const leader = new Leader(store, new FakePool(double));
    leader.lead(1);
    const batch = leader.batch({ inputs: count(500), interval: 100 });
    while (leader.results.length < 1) await settle();
    store.faults.push(...Array(6).fill(fault));
    await lapse(time, 200);
    const before = leader.results.length;
    if (before < 500) {
      await lapse(time, 1_000);
      ok(leader.results.length <= before + 1);
    }
    await lapse(time, 60_000, 1_000);
    strictEqual((await batch.done).done, 500);
    deepStrictEqual(store.value!.done, [[0, 500]]);
    deepStrictEqual(leader.errors, Array(6).fill(fault.message));
  });
}

Deno.test("batch() reads again what it could not read", async () => {
  using time = new FakeTime();
  const store = new Store();
  store.faults.push(new Error("500"), new Error("500"));
  const leader = new Leader(store, new FakePool(double));
  leader.lead(1);
  const batch = leader.batch();
  await lapse(time, 5_000);
  strictEqual((await batch.done).done, 10);
  deepStrictEqual(leader.errors, ["500", "500"]);
});

Deno.test("batch() ends with what onResult throws, and goes on when it is begun again", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double, { concurrency: 1 }));
  leader.lead(1);
  const failing = leader.batch({
    onResult: (result) => {
      if (result.index === 3) throw new Error("the disk is full");
      leader.results.push(result);
    },
  });
  await rejects(failing.done, /the disk is full/);
  strictEqual(failing.progress.state, "failed");
  deepStrictEqual(leader.errors, ["the disk is full"]);
  deepStrictEqual(leader.indices, [0, 1, 2]);
  strictEqual((await leader.batch().done).done, 10);
  deepStrictEqual(leader.indices, count(10)); // each of them once
});

Deno.test("batch() ends with what its inputs throw", async () => {
  const leader = new Leader(new Store(), new FakePool(double));
  leader.lead(1);
  const batch = leader.batch({
    inputs: function* () {
      yield 1;
      throw new Error("the file ends early");
    },
  });
  await rejects(batch.done, /the file ends early/);
});

Deno.test("batch() keeps what failed, and ends when that is too much", async () => {
  const store = new Store();
  const pool = new FakePool((n) => {
    if ((n as number) % 2) throw new HandlerError("odd");
    return n;
  }, { concurrency: 1 });
  const leader = new Leader(store, pool);
  leader.lead(1);
  await rejects(leader.batch({ maxFailures: 2 }).done, {
    message: 'Cannot go on with batch "b": 3 tasks failed, allowed are 2; the last one, 5, ' +
      "by HandlerError: odd",
  });
  const { failures, done } = await leader.batch({ maxFailures: 5 }).done;
  strictEqual(done, 10);
  deepStrictEqual(failures.map(({ index }) => index), [1, 3, 5, 7, 9]);
  strictEqual(failures[0]!.error, "HandlerError: odd");
  deepStrictEqual(leader.indices, count(10));
});

Deno.test("batch() refuses evidently other inputs, and begins anew with another id or after delete()", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double));
  leader.lead(1);
  await leader.batch().done;
  await rejects(
    leader.batch({ inputs: count(11) }).done,
    /Cannot go on with batch "b": it was begun with inputs "10:[0-9a-f]{16}", and these are "11:/,
  );
  strictEqual((await leader.batch({ inputs: count(11), id: "2" }).done).done, 11);
  await leader.batch({ inputs: count(11), id: "2" }).delete();
  strictEqual(store.value, undefined);
  leader.results.length = 0;
  await leader.batch().done;
  deepStrictEqual(leader.indices, count(10));
});

Deno.test("BatchHandle.cancel() ends it for all leaders, in onResult too", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double, { concurrency: 1 }));
  leader.lead(1);
  const batch = leader.batch({ onResult: ({ index }) => index === 2 ? batch.cancel() : undefined });
  await rejects(batch.done, { name: "AbortError", message: 'Batch "b" was canceled' });
  while (store.value!.state !== "canceled") await settle();
  const next = new Leader(store, new FakePool(double));
  next.lead(2);
  await rejects(next.batch().done, /Cannot go on with batch "b": it was canceled/);
  deepStrictEqual(next.results, []);
});

Deno.test("batch() stops with its signal, and a later one goes on", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double, { concurrency: 1 }));
  leader.lead(1);
  const end = new AbortController();
  const batch = leader.batch({
    signal: end.signal,
    onResult: ({ index }) => index === 2 && end.abort(new Error("enough")),
  });
  await rejects(batch.done, /enough/);
  strictEqual(store.value!.state, "running");
  strictEqual((await leader.batch().done).done, 10);
  await rejects(leader.batch({ signal: end.signal }).done, /enough/);
});

Deno.test("batch() notes what it has done when its coordinator stops, so that nothing of it is repeated", async () => {
  const store = new Store();
  const leader = new Leader(store, new FakePool(double, { concurrency: 1 }));
  leader.lead(1);
  const third = Promise.withResolvers<void>();
  const batch = leader.batch({
    interval: 600_000,
    onResult: async (result) => {
      leader.results.push(result);
      if (result.index !== 2) return;
      third.resolve();
      await settle(); // it is stopped while it is in here
    },
  });
  const stopped = rejects(batch.done, /stopped/);
  await third.promise;
  await leader.batches.close(new Error("stopped"));
  await stopped;
  deepStrictEqual(store.value!.done, [[0, 3]]);
  const next = new Leader(store, new FakePool(double));
  next.lead(2);
  await next.batch().done;
  deepStrictEqual(next.indices, [3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("batch() refuses bad options, and two of one name", async () => {
  const leader = new Leader(new Store(), new FakePool());
  throws(() => leader.batch({ maxFailures: 2_000 }), {
    message: /^Cannot begin batch "b": "maxFailures" given 2000, allowed is an integer from 0 to/,
  });
  throws(() => leader.batch({ workers: undefined }), /"workers" nothing|"workers" given/);
  leader.batch();
  throws(() => leader.batch(), /Cannot begin batch "b": it is under way/);
  await leader.batches.close(new Error("stopped"));
  throws(() => leader.batch(), /stopped/);
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`batch() loses no result and repeats little, whoever leads, by seed ${seed}`, async () => {
    using time = new FakeTime();
    const random = seeded(seed);
    const store = new Store();
    const pool = new FakePool();
    let names = 0;
    const handle: Handle = async (n) => {
      await new Promise((resolve) => setTimeout(resolve, random() * 200));
      return n;
    };
    const add = (): void => void pool.add(`w${names++}`, handle, 4);
    for (let n = 0; n < 3; n++) add();
    const given = new Map<number, number>();
    /** What was noted when a result was given. */
    const leaders: Leader[] = [];
    let token = 0;
    let unnoted = 0;
    let done: unknown;
    const elect = (): void => {
      const before = leaders.at(-1);
      before?.lose();
      const leader = new Leader(store, pool);
      leaders.push(leader);
      const batch = leader.batch({
        inputs: count(300),
        losses: 1_000,
        onResult: ({ index }) => {
          const isNoted = store.value!.done.some(([from, to]) => from <= index && index < to);
          ok(!isNoted, "what is noted is not given again");
          given.set(index, (given.get(index) ?? 0) + 1);
        },
      });
      batch.done.then((summary) => done = summary, () => {});
      leader.lead(++token);
    };
    elect();
    while (done === undefined) {
      await lapse(time, 100, 50);
      const dice = random();
      if (dice < 0.05) {
        const noted = store.value?.done.reduce((sum, [from, to]) => sum + to - from, 0) ?? 0;
        unnoted += [...given.values()].length - noted;
        elect();
      } else if (dice < 0.1) store.faults.push(new Error("503"));
      else if (dice < 0.15) {
        [...pool.members][0]?.lose(() => new LostError("lost"));
        add();
      }
      store.loseAnswers = dice > 0.95;
    }
    store.loseAnswers = false;
    strictEqual(given.size, 300);
    const repeated = [...given.values()].reduce((sum, times) => sum + times - 1, 0);
    ok(repeated <= unnoted + token, `${repeated} were given again, ${unnoted} were not noted`);
    deepStrictEqual(store.value!.done, [[0, 300]]);
    for (const leader of leaders) await leader.batches.close(new Error("stopped"));
  });
}
