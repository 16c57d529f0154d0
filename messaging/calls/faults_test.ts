/**
 * Calls over a connection that is cut at any frame, by seeds: what must hold whatever happens.
 */
import assert from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import { seededRandom } from "../../testing/mod.ts";
import { contract } from "../contract/contract.ts";
import { LostError } from "../errors.ts";
import { type MemoryChannels, memoryChannels } from "../session/memory_channel.ts";
import { Callee } from "./callee.ts";
import { Caller } from "./caller.ts";
import { implementation } from "./implementation.ts";

const SEEDS = 300;

const sample = contract("sample", {
  work: { input: z.int(), output: z.int() },
  count: { input: z.int(), stream: z.int() },
  progress: { event: z.int() },
});

interface Story {
  runs: Map<number, number>;
  settled: number;
  lost: number;
  items: number;
  cuts: number;
  events: number;
}

/** Lets promises settle, for longer than any chain of them here, then moves the clock to the next timer. */
async function step(time: FakeTime): Promise<void> {
  for (let i = 0; i < 40; i++) await undefined;
  time.next();
}

/** One life of a caller and a worker, which is now and then another process, if it may be. */
async function live(seed: number, time: FakeTime, restarts: boolean): Promise<Story> {
  const random = seededRandom(seed);
  const now = () => Date.now();
  const story: Story = { runs: new Map(), settled: 0, lost: 0, items: 0, cuts: 0, events: 0 };
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  let instance = 1;
  const handlers = implementation(sample, {
    work: async (n) => {
      story.runs.set(n, (story.runs.get(n) ?? 0) + 1);
      if (n % 3 !== 0) await wait(random() * 50);
      return n;
    },
    count: async function* (to) {
      for (let n = 1; n <= to; n++) {
        if (n % 7 === 0) await wait(random() * 5);
        yield n;
      }
    },
  });
  const started = () => new Callee(handlers, { concurrency: 4, queue: 1_000, now });
  let callee = started();
  const caller = new Caller({ contract: "sample", worker: "w-1", now });
  const peer = { role: "coordinator", name: "boss", instance: "boss-1" } as const;
  let channels: MemoryChannels | undefined;
  let stopped = false;
  async function keepConnected(): Promise<void> {
    while (!stopped) {
      let left = 1 + Math.floor(random() * 120);
      if (restarts && random() < 0.15) {
        callee.close();
        callee = started();
        instance++;
      }
      channels = memoryChannels({
        callee: { instance: `w-1-${instance}` },
        resumed: callee.resumable("session", peer),
        latency: () => random() * 3,
        onArrival: () => {
          if (--left <= 0) channels?.cut();
        },
      });
      // the worker's end first, as in the handshake; sometimes it is cut between the two
      callee.attach(channels.callee);
      if (random() < 0.1) channels.cut();
      caller.attach(channels.caller);
      await channels.caller.ended;
      story.cuts++;
      await wait(random() * 40);
    }
  }
  const heard: number[] = [];
  caller.onEvent(async (_, n) => {
    if ((n as number) % 5 === 0) await wait(random() * 3);
    heard.push(n as number);
  });
  const connected = keepConnected();
  async function ask(n: number): Promise<void> {
    await wait(random() * 200);
    try {
      assert.equal(await caller.call("work", n, { timeout: 60_000 }), n);
    } catch (e) {
      if (!(e instanceof LostError)) throw e;
      story.lost++;
    }
    story.settled++;
  }
  async function read(to: number): Promise<void> {
    await wait(random() * 200);
    let last = 0;
    try {
      for await (const n of caller.stream("count", to, { timeout: 60_000 })) {
        assert.equal(n, ++last);
        if (last % 10 === 0) await wait(random() * 4);
      }
      assert.equal(last, to);
    } catch (e) {
      if (!(e instanceof LostError)) throw e;
      story.lost++;
    }
    story.items += last;
  }
  async function tellEvents(): Promise<void> {
    for (let n = 1; n <= 100; n++) {
      await wait(random() * 4);
      callee.emit("progress", n);
    }
    while (heard.at(-1) !== 100) await wait(10);
  }
  const all = Promise.all([
    ...Array.from({ length: 60 }, (_, n) => ask(n)),
    read(100),
    read(64),
    read(1),
    read(0),
    ...restarts ? [] : [tellEvents()],
  ]);
  let over = false;
  const done = all.finally(() => over = true);
  done.catch(() => {});
  for (let steps = 0; !over; steps++) {
    if (steps > 20_000) throw new Error(`seed ${seed} does not end`);
    await step(time);
  }
  await done;
  stopped = true;
  channels?.cut();
  let disconnected = false;
  void connected.then(() => disconnected = true);
  while (!disconnected) await step(time);
  assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b));
  story.events = heard.length;
  assert.equal(callee.running, 0);
  caller.close(new Error("over"));
  callee.close();
  return story;
}

Deno.test("Caller and Callee keep their promises when the channel is cut at any frame", async () => {
  using time = new FakeTime();
  let cuts = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const story = await live(seed, time, false);
      assert.equal(story.settled, 60);
      assert.equal(story.items, 165);
      assert.equal(story.events, 100);
      // the worker keeps all outcomes, and so none is lost, and what was not answered was not run twice
      assert.equal(story.lost, 0);
      assert.equal(story.runs.size, 60);
      for (const times of story.runs.values()) assert.equal(times, 1);
      cuts += story.cuts;
    } catch (e) {
      throw new Error(`seed ${seed}`, { cause: e });
    }
  }
  assert.ok(cuts > SEEDS * 3, `only ${cuts} cuts`);
});

Deno.test("Caller and Callee run a call at most once, also when the worker becomes another process", async () => {
  using time = new FakeTime();
  let lost = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const story = await live(seed, time, true);
      assert.equal(story.settled, 60);
      for (const times of story.runs.values()) assert.equal(times, 1);
      lost += story.lost;
    } catch (e) {
      throw new Error(`seed ${seed}`, { cause: e });
    }
  }
  assert.ok(lost > SEEDS, `only ${lost} were lost`);
});
