import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import {
  CanceledError,
  HandlerError,
  IncompatibleError,
  LostError,
  NotRunError,
  OverloadedError,
  TimedOutError,
} from "../errors.ts";
import type { Peer } from "../session/channel.ts";
import { type MemoryChannels, memoryChannels } from "../session/memory_channel.ts";
import type { CallerFrame } from "../wire/frame.ts";
import { Callee } from "./callee.ts";
import type { CalleeOptions } from "./callee_options.ts";
import { SESSION_MS } from "./callee_sessions.ts";
import { Caller } from "./caller.ts";
import { type HandlerContext, type Handlers, implementation } from "./implementation.ts";

const sample = contract("sample", {
  echo: { input: z.unknown(), output: z.unknown() },
  hold: { input: z.string(), output: z.string() },
  count: { input: z.int(), stream: z.int() },
  progress: { event: z.int() },
});
type Sample = typeof sample.specs;

const now = () => Date.now();
const FOREVER = { timeout: Infinity };

/** A worker and its callers; what is held goes on when the test says so. */
class Setting {
  readonly callee: Callee;
  readonly held: { input: string; context: HandlerContext<Sample>; go: () => void }[] = [];
  readonly frames: CallerFrame[] = [];
  pulled = 0;
  returned = 0;
  readonly #callers: Caller[] = [];
  readonly #time = new FakeTime();

  constructor(options: CalleeOptions = {}, own: Partial<Handlers<Sample>> = {}) {
    const handlers: Handlers<Sample> = {
      echo: (value) => value,
      hold: async (input, context) => {
        await new Promise<void>((go) => this.held.push({ input, context, go }));
        return input;
      },
      count: (to) => this.#count(to),
      ...own,
    };
    this.callee = new Callee(implementation(sample, handlers), { now, ...options });
  }

  /** A caller, and its first channel. */
  caller(name = "boss", role: Peer["role"] = "coordinator"): { caller: Caller; link: Link } {
    const caller = new Caller({ contract: "sample", worker: "w-1", now });
    this.#callers.push(caller);
    const link = new Link(this, caller, { role, name, instance: `${name}-1`, token: 1 });
    link.connect();
    return { caller, link };
  }

  /** Lets all promises settle that can, and time pass. */
  async settle(ms = 0): Promise<void> {
    await this.#time.tickAsync(ms);
    await this.#time.runMicrotasks();
  }

  [Symbol.dispose](): void {
    for (const caller of this.#callers) caller.close(new Error("the test is over"));
    this.callee.close();
    for (const { go } of this.held) go();
    this.#time.restore();
  }

  async *#count(to: number): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= to; n++) {
        this.pulled++;
        yield n;
      }
    } finally {
      this.returned++;
    }
  }
}

class Link {
  channels: MemoryChannels | undefined;
  constructor(
    readonly setting: Setting,
    readonly caller: Caller,
    readonly peer: Peer,
  ) {}

  connect(frameBytes = 2 ** 20): void {
    const { callee, frames } = this.setting;
    const session = `session of ${this.peer.name}`;
    this.channels = memoryChannels({
      session,
      caller: this.peer,
      resumed: callee.resumable(session, this.peer),
      limits: { frameBytes },
      methods: ["echo", "hold", "count"],
      onArrival: (frame) => void frames.push(frame as CallerFrame),
    });
    callee.attach(this.channels.callee);
    this.caller.attach(this.channels.caller);
  }

  async cut(): Promise<void> {
    this.channels?.cut();
    await this.setting.settle();
  }
}

/** What a promise rejects with, without an unhandled rejection meanwhile. */
function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(() => {
    throw new Error("it did not reject");
  }, (e) => e);
}

Deno.test("Caller.call() waits for a channel within its time, and rejects unrun when the worker is lost", async () => {
  using set = new Setting();
  const { caller, link } = set.caller();
  await link.cut();
  const late = failure(caller.call("echo", 1, { timeout: 50 }));
  const soon = caller.call("echo", 2, FOREVER);
  await set.settle(60);
  const error = await late;
  ok(error instanceof TimedOutError);
  strictEqual(
    error.message,
    'Cannot ask "echo" of worker "w-1": there was no connection to it within 50 ms',
  );
  link.connect();
  strictEqual(await soon, 2);
  await link.cut();
  const unrun = failure(caller.call("echo", 3, FOREVER));
  caller.lost("its pod is gone");
  ok(await unrun instanceof NotRunError);
  ok(await failure(caller.call("echo", 4, FOREVER)) instanceof NotRunError);
  strictEqual(caller.inFlight, 0);
});

Deno.test("Caller.call() that times out or is aborted stops its handler, and rejects with why", async () => {
  using set = new Setting();
  const { caller } = set.caller();
  const timedOut = failure(caller.call("hold", "a", { timeout: 50 }));
  const stop = new AbortController();
  const aborted = failure(caller.call("hold", "b", { timeout: 100, signal: stop.signal }));
  await set.settle();
  const signals = set.held.map(({ context }) => context.signal);
  const reason = new Error("enough");
  stop.abort(reason);
  strictEqual(await aborted, reason);
  await set.settle(60);
  ok(await timedOut instanceof TimedOutError);
  await set.settle();
  deepStrictEqual(signals.map(({ aborted }) => aborted), [true, true]);
  strictEqual(set.callee.running, 2); // until they end, they take a place
});

Deno.test("Caller.call() rejects what is longer than the worker takes, and the worker what it cannot answer", async () => {
  using set = new Setting({}, { hold: () => "x".repeat(3_000) });
  const { caller, link } = set.caller();
  link.connect(2_000);
  ok(await failure(caller.call("echo", "x".repeat(3_000), FOREVER)) instanceof RangeError);
  const error = await failure(caller.call("hold", "", FOREVER));
  ok(error instanceof HandlerError);
  match(error.message, /Cannot send a frame of/);
  strictEqual(await caller.call("echo", 1, FOREVER), 1);
});

Deno.test("Callee tells how a call failed: by its handler, its input, or as nobody knows it", async () => {
  using set = new Setting({}, {
    echo: () => {
      throw new Error("boom");
    },
    hold: () => 5 as never,
  });
  const { caller } = set.caller();
  const thrown = await failure(caller.call("echo", 1, FOREVER));
  ok(thrown instanceof HandlerError);
  strictEqual(thrown.message, 'Cannot ask "echo" of worker "w-1": boom');
  deepStrictEqual([thrown.method, thrown.worker], ["echo", "w-1"]);
  ok(!thrown.stack?.includes("calls_test.ts"), "the handler's stack has crossed the wire");
  const misfit = await failure(caller.call("hold", "", FOREVER));
  ok(misfit instanceof HandlerError);
  match(misfit.message, /Cannot answer "hold": its output does not fit/);
  for (
    const [method, input] of [["hold", 1], ["no", 1], ["progress", 1], ["toString", 1]] as const
  ) {
    ok(await failure(caller.call(method, input, FOREVER)) instanceof IncompatibleError);
  }
  ok(await failure(caller.call("count", 1, FOREVER)) instanceof IncompatibleError);
});

Deno.test("Callee lets callers take turns, and gives room to who has less waiting", async () => {
  using set = new Setting({ concurrency: 1, queue: 4 });
  const [{ caller: greedy }, { caller: modest }] = [set.caller("a"), set.caller("b")];
  const answers = ["1", "2", "3", "4", "5"].map((n) =>
    greedy.call("hold", n, FOREVER).catch((e) => e)
  );
  await set.settle();
  const late = failure(greedy.call("hold", "6", FOREVER));
  ok(await late instanceof OverloadedError);
  const first = modest.call("hold", "first", FOREVER);
  const refused = await answers[4];
  ok(refused instanceof OverloadedError, "the last one of the longest lane has made room");
  match(refused.message, /it runs 1 calls, and 4 wait/);
  const second = modest.call("hold", "second", FOREVER);
  const order: string[] = [];
  for (let i = 0; i < 5; i++) {
    await set.settle();
    const { input, go } = set.held.shift()!;
    order.push(input);
    go();
  }
  deepStrictEqual(order, ["1", "2", "first", "3", "second"]);
  await Promise.all([first, second]);
});

Deno.test("Callee runs a call with a key once for all sessions", async () => {
  using set = new Setting();
  const [{ caller: a, link }, { caller: b }] = [set.caller("a"), set.caller("b")];
  const keyed = { ...FOREVER, key: "task-1" };
  const lost = failure(a.call("hold", "x", keyed));
  await set.settle();
  const joined = b.call("hold", "x", { ...keyed, attempt: 1 });
  await set.settle();
  a.lost("no connection");
  await link.cut();
  ok(await lost instanceof LostError);
  strictEqual(set.held.length, 1);
  strictEqual(set.held[0]!.context.attempt, 1);
  ok(!set.held[0]!.context.signal.aborted);
  set.held[0]!.go();
  strictEqual(await joined, "x");
  strictEqual(await b.call("hold", "x", { ...keyed, attempt: 2 }), "x");
  strictEqual(set.held.length, 1);
});

Deno.test("Callee runs a call with a key again when that was stopped as nobody waited", async () => {
  using set = new Setting({}, {
    hold: (input, context) =>
      new Promise((resolve, reject) => {
        // which throws only when it is told to, as a handler that needs a while to stop
        set.held.push({
          input,
          context,
          go: () => context.signal.aborted ? reject(context.signal.reason) : resolve(input),
        });
      }),
  });
  const { caller } = set.caller();
  const stop = new AbortController();
  const keyed = { ...FOREVER, key: "task-1" };
  const first = failure(caller.call("hold", "x", { ...keyed, signal: stop.signal }));
  await set.settle();
  stop.abort();
  await first;
  const second = caller.call("hold", "x", keyed);
  await set.settle();
  strictEqual(set.held.length, 1);
  set.held[0]!.go();
  await set.settle();
  strictEqual(set.held.length, 2);
  set.held[1]!.go();
  strictEqual(await second, "x");
});

Deno.test("Callee pulls a stream no further than the reader lets it, and leaves it when the reader does", async () => {
  using set = new Setting();
  const { caller } = set.caller();
  const items = caller.stream("count", 1_000, FOREVER);
  await set.settle();
  strictEqual(set.pulled, 0); // it begins when it is first read
  deepStrictEqual(await items.next(), { value: 1, done: false });
  await set.settle();
  strictEqual(set.pulled, 32);
  for (let n = 2; n <= 16; n++) await items.next();
  await set.settle();
  strictEqual(set.pulled, 48);
  await items.return?.();
  await set.settle();
  deepStrictEqual([set.returned, set.callee.running, caller.inFlight], [1, 0, 0]);
  deepStrictEqual(await items.next(), { value: undefined, done: true });
});

Deno.test("Callee hands on a stream's return() also while an item is awaited", async () => {
  let returned = 0;
  using set = new Setting({}, {
    count: () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<number>>(() => {}),
        return: () => {
          returned++;
          return Promise.resolve({ value: undefined, done: true });
        },
      }),
    }),
  });
  const { caller } = set.caller();
  const stop = new AbortController();
  const next = failure(caller.stream("count", 1, { ...FOREVER, signal: stop.signal }).next());
  await set.settle();
  stop.abort(new Error("enough"));
  match((await next).message, /enough/);
  await set.settle();
  strictEqual(returned, 1);
});

Deno.test("Callee.drain() hands back what waits, waits for what runs, then cancels it", async () => {
  using set = new Setting({ concurrency: 2 });
  const { caller } = set.caller();
  const [kept, canceled] = [
    caller.call("hold", "a", FOREVER),
    failure(caller.call("hold", "b", FOREVER)),
  ];
  const waiting = failure(caller.call("hold", "c", FOREVER));
  await set.settle();
  const drained = set.callee.drain({ grace: 1_000 });
  ok(await waiting instanceof NotRunError);
  ok(caller.draining && set.callee.draining);
  ok(await failure(caller.call("echo", 1, FOREVER)) instanceof NotRunError);
  set.held[0]!.go();
  strictEqual(await kept, "a");
  await set.settle(1_001);
  await drained;
  const error = await canceled;
  ok(error instanceof CanceledError);
  match(error.message, /it stops, and its grace is over/);
  ok(set.held[1]!.context.signal.aborted);
});

Deno.test("Callee.fenceBelow() cancels the calls of older leaders, and closes their channels", async () => {
  using set = new Setting();
  const { caller, link } = set.caller();
  const canceled = failure(caller.call("hold", "a", FOREVER));
  await set.settle();
  set.callee.fenceBelow(1);
  ok(!set.held[0]!.context.signal.aborted);
  set.callee.fenceBelow(2);
  ok(await canceled instanceof CanceledError);
  ok(set.held[0]!.context.signal.aborted);
  strictEqual((await link.channels!.caller.ended).code, "deposed");
});

Deno.test("Callee keeps a session for a minute without a channel; then its calls are stopped and lost", async () => {
  using set = new Setting();
  const { caller, link } = set.caller();
  const kept = caller.call("hold", "a", FOREVER);
  await set.settle();
  await link.cut();
  await set.settle(SESSION_MS - 1_000);
  link.connect();
  set.held[0]!.go();
  strictEqual(await kept, "a");
  const lost = failure(caller.call("hold", "b", FOREVER));
  await set.settle();
  await link.cut();
  const waiting = caller.call("echo", "c", FOREVER);
  await set.settle(SESSION_MS + 1);
  ok(set.held[1]!.context.signal.aborted);
  link.connect();
  ok(await lost instanceof LostError);
  strictEqual(await waiting, "c");
});

Deno.test("Callee says lost, and never unknown, of what it forgot while its caller was told to go on", async () => {
  using set = new Setting();
  const { caller, link } = set.caller();
  const lost = failure(caller.call("hold", "a", FOREVER));
  await set.settle();
  await link.cut();
  set.callee.fence("session of boss");
  // a handshake that says otherwise than what is known here
  const channels = memoryChannels({ session: "session of boss", caller: link.peer, resumed: true });
  set.callee.attach(channels.callee);
  caller.attach(channels.caller);
  ok(await lost instanceof LostError);
  strictEqual(set.held.length, 1);
  strictEqual(await caller.call("echo", 1, FOREVER), 1);
});

Deno.test("Callee loses what it had to forget for others, and does not run it again", async () => {
  using set = new Setting();
  const [{ caller, link }, { caller: other, link: wide }] = [set.caller("a"), set.caller("b")];
  wide.connect(2 ** 26);
  const lost = failure(caller.call("hold", "a", FOREVER));
  await set.settle();
  await link.cut();
  set.held[0]!.go();
  await other.call("echo", "x".repeat(17 * 2 ** 20), FOREVER); // more than all outcomes may take
  link.connect();
  const error = await lost;
  ok(error instanceof LostError);
  match(error.message, /it forgot what became of it/);
  strictEqual(set.held.length, 1);
});

Deno.test("Caller tells in batches which outcomes it has seen", async () => {
  using set = new Setting();
  const { caller } = set.caller();
  await Promise.all(Array.from({ length: 250 }, (_, n) =>
    caller.call("echo", n, FOREVER)
      .catch(() => {})));
  const count = () => set.frames.filter(({ t }) => t === "seen").length;
  await set.settle(0);
  const before = count();
  ok(before <= 2);
  await set.settle(101);
  await set.settle();
  strictEqual(count(), before + 1);
});

Deno.test("Callee keeps events for a coordinator, in order, and says how many it could not keep", async () => {
  using set = new Setting();
  const heard: string[] = [];
  for (let n = 1; n <= 1_500; n++) set.callee.emit("progress", n);
  const { caller: peer } = set.caller("w-2", "worker");
  peer.onEvent(() => heard.push("a peer has heard it"));
  const { caller, link } = set.caller("a");
  await set.settle();
  const hold: { until?: Promise<void> } = {};
  caller.onEvent(async (event, n, lost) => {
    heard.push(`${event} ${n} ${lost}`);
    await hold.until;
  });
  await set.settle();
  strictEqual(heard.length, 1_000);
  deepStrictEqual([heard[0], heard.at(-1)], ["progress 501 500", "progress 1500 0"]);
  heard.length = 0;
  await set.settle();
  const { promise, resolve } = Promise.withResolvers<void>();
  hold.until = promise;
  set.callee.emit("progress", 1_501);
  set.callee.emit("progress", 1_502);
  await set.settle();
  deepStrictEqual(heard, ["progress 1501 0"]); // and it is not heard before its handler has ended
  await link.cut();
  caller.lost("it is gone");
  resolve();
  const { caller: next } = set.caller("b");
  next.onEvent((_, n) => heard.push(`again ${n}`));
  await set.settle();
  deepStrictEqual(heard.filter((h) => h.startsWith("again")), ["again 1501", "again 1502"]);
});

Deno.test("Caller.tell() runs a method at most once, and tells whether it was given away", async () => {
  const told: unknown[] = [];
  const errors: unknown[] = [];
  using set = new Setting({ onError: (e) => errors.push(e) }, {
    echo: (value) => {
      told.push(value);
      throw new Error("nobody hears it");
    },
  });
  const { caller, link } = set.caller();
  strictEqual(caller.tell("echo", 1), true);
  await set.settle();
  await link.cut();
  strictEqual(caller.tell("echo", 2), false);
  deepStrictEqual(told, [1]);
  strictEqual((errors[0] as Error).message, "nobody hears it");
  await rejects(Promise.reject(errors[0]), /nobody hears it/);
});
