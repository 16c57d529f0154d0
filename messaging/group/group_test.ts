import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { isMethodError, methodError } from "../calls/method_error.ts";
import type { Handlers } from "../calls/implementation.ts";
import { contract } from "../contract/contract.ts";
import {
  IncompatibleError,
  LostError,
  NotRunError,
  OverloadedError,
  TimedOutError,
} from "../errors.ts";
import type { Pool } from "../work/pool.ts";
import type { WorkerChange } from "./asking.ts";
import { Group } from "./group.ts";
import { MemoryWorker, type MemoryWorkerOptions } from "./testdata/memory_worker.ts";

const sample = contract("sample", {
  echo: { input: z.string(), output: z.string() },
  again: { input: z.string(), output: z.string(), idempotent: true },
  wait: { input: z.string(), output: z.string() },
  buy: { input: z.int(), errors: { soldOut: z.object({ left: z.int() }) } },
  count: { input: z.int(), stream: z.int() },
  progress: { event: z.int() },
});

type Sample = typeof sample.specs;

const now = () => Date.now();

/** A group with workers, each of which keeps what waits until it is told to go on. */
class Setting {
  readonly group = new Group(sample, { now, random: seededRandom(1), onError: () => {} });
  readonly workers: MemoryWorker<Sample>[] = [];
  readonly held: { worker: string; input: string; go: () => void }[] = [];
  readonly ran: string[] = [];
  readonly #time = new FakeTime();

  add(name: string, options: MemoryWorkerOptions = {}, own: Partial<Handlers<Sample>> = {}) {
    const worker = new MemoryWorker<Sample>(sample, { ...this.#handlers(name), ...own }, {
      name,
      now,
      ...options,
    });
    this.workers.push(worker);
    this.group.add(worker.member);
    return worker.connect();
  }

  /** Asks for what nobody needs the answer of. */
  begin(...args: Parameters<typeof this.group.ask<"wait">>): void {
    this.group.ask(...args).catch(() => {});
  }

  /** Lets all promises settle that can, and time pass. */
  async settle(ms = 0): Promise<void> {
    await this.#time.tickAsync(ms);
    await this.#time.runMicrotasks();
  }

  [Symbol.dispose](): void {
    this.group.close(new Error("the test is over"));
    for (const worker of this.workers) worker.close();
    for (const { go } of this.held) go();
    this.#time.restore();
  }

  #handlers(worker: string): Handlers<Sample> {
    return {
      echo: (text) => `${worker}: ${text}`,
      again: async (text) => {
        await this.#hold(worker, text);
        return `${worker}: ${text}`;
      },
      wait: async (text) => {
        await this.#hold(worker, text);
        return `${worker}: ${text}`;
      },
      buy: () => {
        throw methodError(sample, "buy", "soldOut", { left: 0 }, "sold out");
      },
      count: async function* (to) {
        for (let n = 1; n <= to; n++) yield n;
      },
    };
  }

  #hold(worker: string, input: string): Promise<void> {
    this.ran.push(`${worker}: ${input}`);
    return new Promise((go) => this.held.push({ worker, input, go }));
  }
}

Deno.test("Group.ask() resolves with what a worker answers, and rejects with its method's error", async () => {
  using set = new Setting();
  set.add("a");
  strictEqual(await set.group.ask("echo", "hello"), "a: hello");
  await rejects(set.group.ask("buy", 1), (e) => {
    ok(isMethodError(e, sample, "buy", "soldOut"));
    strictEqual(e.data.left, 0);
    strictEqual(e.message, "sold out");
    return true;
  });
});

Deno.test("Group.ask() rejects what is no JSON or no method, naming the place", async () => {
  using set = new Setting();
  set.add("a");
  await rejects(set.group.ask("echo", 1n as never), {
    name: "TypeError",
    message: /"input" is a bigint/,
  });
  await rejects(
    set.group.ask("echo", { a: [1, undefined] } as never),
    /"input\.a\[1\]" is undefined/,
  );
  await rejects(
    set.group.ask("no" as "echo", ""),
    /contract "sample" has no method of that name, it has "echo", /,
  );
  await rejects(
    set.group.ask("count" as "echo", ""),
    /: it is a stream of contract "sample", which is for stream\(\)$/,
  );
  await rejects(
    set.group.ask("echo", "", { to: { index: 0, key: "a" } as { key: string } }),
    /"to" given .*, allowed is one of \{ worker: name \}, /,
  );
  await rejects(set.group.ask("echo", "", { timout: 5 } as object), /"timout" is no known field/);
  await rejects(set.group.ask("echo", "", { timeout: NaN }), /"timeout" given NaN/);
  await rejects(set.group.ask("echo", 5 as never), (e) => {
    ok(e instanceof IncompatibleError);
    match(e.message, /Cannot ask "echo" of worker "a": its input does not fit: /);
    return true;
  });
});

Deno.test("Group.ask() chooses the worker with the fewest calls, one after another, or as it is told", async () => {
  using set = new Setting();
  set.add("a", { index: 0 });
  set.add("b", { index: 1 });
  set.add("c", { index: 2 });
  for (let i = 0; i < 6; i++) set.begin("wait", `${i}`);
  await set.settle();
  deepStrictEqual(set.group.workers.map(({ inFlight }) => inFlight), [2, 2, 2]);
  const turns = [];
  for (let i = 0; i < 6; i++) {
    turns.push(await set.group.ask("echo", "", { balance: "roundRobin" }));
  }
  deepStrictEqual(turns, ["a: ", "b: ", "c: ", "a: ", "b: ", "c: "]);
  strictEqual(await set.group.ask("echo", "x", { to: { worker: "b" } }), "b: x");
  strictEqual(await set.group.ask("echo", "x", { to: { index: 2 } }), "c: x");
  const key = { to: { key: "some" } };
  strictEqual(await set.group.ask("echo", "x", key), await set.group.ask("echo", "x", key));
  for (const { go } of set.held) go();
});

Deno.test("Group.ask() waits for room in order, and takes it as soon as it is there", async () => {
  using set = new Setting();
  set.add("a", { concurrency: 1, queue: 0 });
  const answers = ["1", "2", "3"].map((text) => set.group.ask("wait", text));
  await rejects(set.group.ask("wait", "no", { overload: "reject" }), OverloadedError);
  for (const text of ["1", "2", "3"]) {
    await set.settle();
    strictEqual(set.held.length, 1);
    set.held.shift()!.go();
    strictEqual(await answers.shift(), `a: ${text}`);
  }
  deepStrictEqual(set.ran, ["a: 1", "a: 2", "a: 3"]);
});

Deno.test("Group.ask() for a full worker holds up nobody who wants another one", async () => {
  using set = new Setting();
  set.add("a", { concurrency: 1, queue: 0 });
  set.begin("wait", "1", { to: { worker: "a" } });
  const behind = set.group.ask("wait", "2", { to: { worker: "a" } });
  set.add("b");
  strictEqual(await set.group.ask("echo", "free"), "b: free");
  set.held.splice(0).forEach(({ go }) => go());
  await set.settle();
  set.held.splice(0).forEach(({ go }) => go());
  strictEqual(await behind, "a: 2");
});

Deno.test("Group.ask() waits for a first worker, within its time and until it is aborted", async () => {
  using set = new Setting();
  const soon = set.group.ask("echo", "hello");
  const late = rejects(set.group.ask("echo", "", { timeout: 50 }), (e) => {
    ok(e instanceof TimedOutError);
    match(e.message, /^Cannot ask "echo" of a worker of "sample": of 0 workers none was ready/);
    return true;
  });
  const stop = new AbortController();
  const aborted = rejects(set.group.ask("echo", "", { signal: stop.signal }), /no more/);
  stop.abort(new Error("no more"));
  await set.settle(100);
  await late;
  await aborted;
  set.add("a");
  strictEqual(await soon, "a: hello");
});

Deno.test("Group.ask() rejects at once, or while it waits, when the worker that is named is gone", async () => {
  using set = new Setting();
  const worker = set.add("a", { concurrency: 1, queue: 0 });
  await rejects(set.group.ask("echo", "", { to: { worker: "b" } }), NotRunError);
  const first = rejects(set.group.ask("wait", "", { to: { worker: "a" } }), LostError);
  const second = rejects(set.group.ask("wait", "", { to: { worker: "a" } }), NotRunError);
  await set.settle();
  await worker.die();
  await first;
  await second;
  deepStrictEqual(set.group.workers, []);
});

Deno.test("Group.ask() asks another worker what certainly did not run", async () => {
  using set = new Setting();
  const a = set.add("a", { concurrency: 1, queue: 5 });
  const answers = ["1", "2", "3"].map((text) => set.group.ask("wait", text));
  await set.settle();
  set.add("b");
  const drained = a.callee.drain(); // hands back what waits
  await set.settle();
  deepStrictEqual(set.ran, ["a: 1", "b: 2", "b: 3"]);
  for (const { go } of set.held) go();
  deepStrictEqual(await Promise.all(answers), ["a: 1", "b: 2", "b: 3"]);
  await drained;
});

Deno.test("Group.ask() runs again what a worker was lost with, if that is idempotent, three times at most", async () => {
  using set = new Setting();
  const once = set.group.ask("wait", "once");
  const again = set.group.ask("again", "again");
  const lost = rejects(once, LostError);
  const a = set.add("a");
  await set.settle();
  await a.die();
  await lost;
  const b = set.add("b");
  await set.settle();
  await b.restart();
  await set.settle();
  deepStrictEqual(set.ran, ["a: once", "a: again", "b: again", "b: again"]);
  await b.die();
  await rejects(again, LostError);
});

Deno.test("Group.ask() avoids a worker that has refused, and comes back to it after a pause", async () => {
  using set = new Setting();
  // others have filled it: its caller here believes that it has room
  const a = set.add("a", { concurrency: 1, queue: 0, believed: { concurrency: 5, queue: 5 } });
  set.begin("wait", "1");
  await set.settle();
  const second = set.group.ask("wait", "2");
  await rejects(set.group.ask("wait", "3", { overload: "reject" }), OverloadedError);
  await set.settle(100);
  deepStrictEqual(set.ran, ["a: 1"]);
  set.held.shift()!.go();
  await set.settle(2_000);
  deepStrictEqual(set.ran, ["a: 1", "a: 2"]);
  const b = set.add("b");
  await a.member.call("echo", "", { timeout: 1 }).catch(() => {});
  strictEqual(await set.group.ask("echo", "x", { overload: "reject" }), "b: x");
  set.held.shift()!.go();
  strictEqual(await second, "a: 2");
  void b;
});

Deno.test("Group.stream() hands on items, tries again before the first one, and stops the handler", async () => {
  using set = new Setting();
  let stopped = 0;
  const count = async function* () {
    try {
      for (let n = 1;; n++) yield n;
    } finally {
      stopped++;
    }
  };
  const a = set.add("a", { concurrency: 1, queue: 1 }, { count });
  set.begin("wait", "");
  const items: number[] = [];
  const reading = (async () => {
    for await (const n of set.group.stream("count", 100)) {
      items.push(n);
      if (n === 100) break;
    }
  })();
  await set.settle();
  set.add("b", {}, { count });
  void a.callee.drain();
  await reading;
  strictEqual(items.length, 100);
  await set.settle();
  strictEqual(stopped, 1);
});

Deno.test("Group.broadcast(), tell() and askAll() reach all workers that are ready", async () => {
  using set = new Setting();
  strictEqual(set.group.tell("echo", ""), false);
  set.add("a");
  set.add("b");
  const c = set.add("c");
  await c.cut();
  strictEqual(await set.group.broadcast("wait", "all"), 2);
  await set.settle();
  deepStrictEqual(set.ran, ["a: all", "b: all"]);
  strictEqual(set.group.tell("wait", "one", { to: { worker: "b" } }), true);
  const answers = set.group.askAll("echo", "x", { timeout: 10 });
  await set.settle(20);
  deepStrictEqual((await answers).map((a) => a.ok ? a.output : (a.error as Error).name), [
    "a: x",
    "b: x",
    "TimedOutError",
  ]);
  strictEqual(set.ran.at(-1), "b: one");
});

Deno.test("Group.on() hears events of all workers in order, also those before it", async () => {
  using set = new Setting();
  const a = set.add("a");
  a.callee.emit("progress", 1);
  await set.settle();
  const heard: string[] = [];
  set.group.on("progress", (n, { worker, lost }) => heard.push(`${worker.name} ${n} ${lost}`));
  await set.settle();
  set.add("b").callee.emit("progress", 2);
  a.callee.emit("progress", 3);
  await set.settle();
  deepStrictEqual(
    heard,
    ["a 1 0", "a 3 0", "b 2 0"].sort((x, y) => heard.indexOf(x) - heard.indexOf(y)),
  );
  throws(() => set.group.on("no" as "progress", () => {}), TypeError);
  throws(() => set.group.on("progress", undefined as never), /"handler" is no function/);
});

Deno.test("Group.onWorkers() tells how workers come, stand and go", async () => {
  using set = new Setting();
  const told: string[] = [];
  set.group.onWorkers(({ worker, state, before }: WorkerChange) =>
    told.push(`${worker.name} ${before} ${state}`)
  );
  const a = set.add("a");
  a.member.follow({ state: "unresponsive", channel: a.channels!.caller });
  await a.cut();
  a.connect();
  void a.callee.drain();
  await set.settle();
  await a.die();
  deepStrictEqual(told, [
    "a undefined connecting",
    "a connecting ready",
    "a ready unresponsive",
    "a unresponsive connecting",
    "a connecting ready",
    "a ready draining",
    "a draining gone",
  ]);
});

Deno.test("Group is a Pool: it places where less runs than runs at once", async () => {
  using set = new Setting();
  const pool: Pool = set.group;
  let changes = 0;
  pool.onChange(() => changes++);
  set.add("a", { concurrency: 1, queue: 10 });
  deepStrictEqual(pool.capacity("wait"), { workers: 1, concurrency: 1, free: 1 });
  const call = (text: string) =>
    pool.place("wait", (m) => pool.call(m, "wait", text, { timeout: Infinity }));
  const [first, second] = [call("1"), call("2")];
  await set.settle();
  deepStrictEqual(pool.capacity("wait"), { workers: 1, concurrency: 1, free: 0 });
  deepStrictEqual(set.ran, ["a: 1"]);
  set.held.shift()!.go();
  strictEqual(await first, "a: 1");
  await set.settle();
  deepStrictEqual(set.ran, ["a: 1", "a: 2"]);
  set.held.shift()!.go();
  strictEqual(await second, "a: 2");
  ok(changes >= 2);
  await rejects(
    pool.place("echo", (m) => pool.call(m, "echo", 5, { timeout: 1 })),
    { name: "TypeError", message: /its input does not fit/ },
  );
});

Deno.test("Group.open() lets calls wait again that a close() rejected", async () => {
  using setting = new Setting();
  const { group } = setting;
  const waiting = rejects(group.ask("echo", "a"), /the term is over/);
  group.close(new Error("the term is over"));
  await waiting;
  await rejects(group.ask("echo", "b"), /the term is over/);
  group.open();
  const answer = group.ask("echo", "c");
  await setting.settle();
  setting.add("w1");
  await setting.settle();
  strictEqual(await answer, "w1: c");
});

Deno.test("Group counts asks and streams that wait for a worker, and that run", async () => {
  using set = new Setting();
  const pool: Pool = set.group;
  const told: number[] = [];
  const undo = pool.onCalls(() => told.push(pool.calls.waiting));
  const signal = AbortSignal.timeout(1_000);
  set.begin("wait", "1");
  set.begin("wait", "2");
  set.begin("wait", "3", { signal });
  const items = set.group.stream("count", 3);
  const first = items.next();
  await set.settle();
  deepStrictEqual(pool.calls, { waiting: 4, running: 0 });
  deepStrictEqual(told, [1, 2, 3, 4]);
  const worker = set.add("a", { concurrency: 4, queue: 0 });
  await first;
  deepStrictEqual(pool.calls, { waiting: 0, running: 4 });
  await items.return!();
  set.held.shift()!.go();
  await set.settle();
  deepStrictEqual(pool.calls, { waiting: 0, running: 2 });
  await worker.die(); // which loses them
  await set.settle();
  deepStrictEqual(pool.calls, { waiting: 0, running: 0 });
  await rejects(set.group.ask("wait", "4", { signal: AbortSignal.abort() }));
  await rejects(set.group.ask("wait", "4", { timeout: -1 }), TypeError);
  const again = set.group.ask("wait", "5", { timeout: 100 });
  const timedOut = rejects(again, TimedOutError);
  await set.settle(100);
  await timedOut;
  deepStrictEqual(pool.calls, { waiting: 0, running: 0 });
  undo();
});

Deno.test("Group counts an ask as waiting while it goes from one worker to another", async () => {
  using set = new Setting();
  const a = set.add("a", {}, { again: () => new Promise(() => {}) });
  const asked = set.group.ask("again", "x", { timeout: 60_000 });
  await a.die();
  await set.settle();
  deepStrictEqual(set.group.calls, { waiting: 1, running: 0 });
  set.add("b", {}, { again: (text) => `b: ${text}` });
  await set.settle();
  strictEqual(await asked, "b: x");
  deepStrictEqual(set.group.calls, { waiting: 0, running: 0 });
});
