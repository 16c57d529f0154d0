import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { Dispatcher } from "./dispatcher.ts";
import type { Change } from "./store.ts";

interface Thing {
  name: string;
  state: number;
}

function change(type: Change<Thing>["type"], name: string, state: number): Change<Thing> {
  return { type, object: { name, state }, replayed: false };
}

/** A handler that ends when it is told to, and writes down what it was called with. */
class Handler {
  readonly calls: string[] = [];
  readonly errors: string[] = [];
  readonly #open: Map<string, PromiseWithResolvers<void>> = new Map();
  dispatcher: Dispatcher<Thing>;

  constructor(concurrency?: number) {
    this.dispatcher = new Dispatcher<Thing>(this.handle, {
      key: (thing) => thing.name,
      onError: (error, { object }) => this.errors.push(`${object.name}: ${error}`),
      concurrency,
    });
  }

  handle = ({ type, object, replayed }: Change<Thing>): Promise<void> => {
    this.calls.push(`${type} ${object.name}@${object.state}${replayed ? " replayed" : ""}`);
    const open = Promise.withResolvers<void>();
    this.#open.set(object.name, open);
    return open.promise;
  };

  async end(name: string, error?: unknown): Promise<void> {
    const open = this.#open.get(name);
    if (error === undefined) open?.resolve();
    else open?.reject(error);
    await turn();
  }
}

/** Lets every promise that can settle do so. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}

Deno.test("Dispatcher handles one object in order and merges what waits", async () => {
  const handler = new Handler();
  for (const state of [1, 2, 3, 4]) {
    handler.dispatcher.push(change(state === 1 ? "added" : "modified", "a", state));
    await turn();
  }
  deepStrictEqual(handler.calls, ["added a@1"]);
  await handler.end("a");
  deepStrictEqual(handler.calls, ["added a@1", "modified a@4"]);
  await handler.end("a");
  await handler.dispatcher.settled();
  strictEqual(handler.calls.length, 2);
});

Deno.test("Dispatcher tells how many changes wait and how many objects are handled", async () => {
  const handler = new Handler(2);
  const { dispatcher } = handler;
  deepStrictEqual([dispatcher.depth, dispatcher.running], [0, 0]);
  for (const name of ["a", "b", "c"]) dispatcher.push(change("added", name, 1));
  await turn();
  dispatcher.push(change("deleted", "a", 2));
  dispatcher.push(change("added", "a", 3));
  deepStrictEqual([dispatcher.depth, dispatcher.running], [3, 2]);
  await handler.end("b");
  deepStrictEqual([dispatcher.depth, dispatcher.running], [2, 2]);
  for (const name of ["a", "c", "a", "a"]) await handler.end(name);
  await dispatcher.settled();
  deepStrictEqual([dispatcher.depth, dispatcher.running], [0, 0]);
});

Deno.test("Dispatcher handles different objects side by side", async () => {
  const handler = new Handler();
  handler.dispatcher.push(change("added", "slow", 1));
  handler.dispatcher.push(change("added", "b", 1));
  await turn();
  await handler.end("b");
  handler.dispatcher.push(change("modified", "b", 2));
  await turn();
  deepStrictEqual(handler.calls, ["added slow@1", "added b@1", "modified b@2"]);
  await handler.end("b");
  await handler.end("slow");
});

Deno.test("Dispatcher never loses a deletion", async () => {
  const handler = new Handler();
  const { dispatcher } = handler;
  dispatcher.push(change("added", "a", 1));
  await turn();
  dispatcher.push(change("modified", "a", 2));
  dispatcher.push(change("deleted", "a", 3));
  dispatcher.push(change("added", "a", 4));
  dispatcher.push(change("modified", "a", 5));
  dispatcher.push(change("deleted", "a", 6));
  for (let i = 0; i < 3; i++) await handler.end("a");
  await dispatcher.settled();
  deepStrictEqual(handler.calls, ["added a@1", "deleted a@3", "deleted a@6"]);
});

Deno.test("Dispatcher delivers deleted and added apart when an object was made again", async () => {
  const handler = new Handler();
  handler.dispatcher.push(change("added", "a", 1));
  await turn();
  handler.dispatcher.push(change("deleted", "a", 2));
  handler.dispatcher.push(change("added", "a", 3));
  for (let i = 0; i < 3; i++) await handler.end("a");
  deepStrictEqual(handler.calls, ["added a@1", "deleted a@2", "added a@3"]);
});

Deno.test("Dispatcher marks a merged change as replayed only if all of it was", async () => {
  const handler = new Handler();
  const replayed = (state: number): Change<Thing> => ({
    ...change("modified", "a", state),
    replayed: true,
  });
  handler.dispatcher.push(replayed(1));
  await turn();
  handler.dispatcher.push(replayed(2));
  handler.dispatcher.push(replayed(3));
  await handler.end("a");
  handler.dispatcher.push(replayed(4));
  handler.dispatcher.push(change("modified", "a", 5));
  await handler.end("a");
  await handler.end("a");
  deepStrictEqual(handler.calls.slice(1), ["modified a@3 replayed", "modified a@5"]);
});

Deno.test("Dispatcher reports what a handler throws or rejects with, and goes on", async () => {
  const errors: unknown[] = [];
  const dispatcher = new Dispatcher<Thing>(({ object }) => {
    if (object.state === 1) throw "thrown";
    return object.state === 2 ? Promise.reject("rejected") : undefined;
  }, { key: (thing) => thing.name, onError: (error, { object }) => errors.push(error, object) });
  for (const state of [1, 2, 3]) {
    dispatcher.push(change("added", "a", state));
    await turn();
  }
  await dispatcher.settled();
  deepStrictEqual(errors, ["thrown", { name: "a", state: 1 }, "rejected", { name: "a", state: 2 }]);
});

Deno.test("Dispatcher runs no more at once than its concurrency, the longest waiting first", async () => {
  const handler = new Handler(1);
  handler.dispatcher.push(change("added", "a", 1));
  handler.dispatcher.push(change("added", "b", 1));
  handler.dispatcher.push(change("added", "c", 1));
  await turn();
  handler.dispatcher.push(change("modified", "a", 2));
  for (const name of ["a", "b", "c", "a"]) await handler.end(name);
  await handler.dispatcher.settled();
  deepStrictEqual(handler.calls, ["added a@1", "added b@1", "added c@1", "modified a@2"]);
});

Deno.test("Dispatcher keeps each object in order whatever comes when", async () => {
  let seed = 7;
  const random = (below: number) => (seed = seed * 48_271 % 0x7fffffff) % below;
  for (const concurrency of [1, 3, Infinity]) {
    const handled = new Map<string, Thing & { type: string }>();
    const active = new Set<string>();
    let deletions = 0;
    const dispatcher = new Dispatcher<Thing>(async ({ type, object }) => {
      strictEqual(active.has(object.name), false);
      active.add(object.name);
      strictEqual(object.state > (handled.get(object.name)?.state ?? -1), true);
      handled.set(object.name, { ...object, type });
      if (type === "deleted") deletions++;
      for (let i = random(10); i > 0; i--) await undefined;
      active.delete(object.name);
    }, {
      key: (thing) => thing.name,
      onError: (error) => {
        throw error;
      },
      concurrency,
    });
    const last = new Map<string, { type: string; state: number }>();
    let deleted = 0;
    for (let state = 0; state < 2_000; state++) {
      const name = `n${random(8)}`;
      const before = last.get(name)?.type ?? "deleted";
      const type = before === "deleted" ? "added" : random(3) === 0 ? "deleted" : "modified";
      if (type === "deleted") deleted++;
      last.set(name, { type, state });
      dispatcher.push(change(type, name, state));
      if (random(3) === 0) await turn();
    }
    await dispatcher.settled();
    strictEqual(deletions, deleted);
    for (const [name, { state }] of last) strictEqual(handled.get(name)?.state, state);
  }
});

Deno.test("Dispatcher.close() waits for what is there and takes no more", async () => {
  const handler = new Handler();
  handler.dispatcher.push(change("added", "a", 1));
  await turn();
  handler.dispatcher.push(change("modified", "a", 2));
  const closed = handler.dispatcher.close();
  handler.dispatcher.push(change("modified", "a", 3));
  await handler.end("a");
  await handler.end("a");
  await closed;
  deepStrictEqual(handler.calls, ["added a@1", "modified a@2"]);
});

Deno.test("Dispatcher.close() drops what waits when the grace period is over", async () => {
  using time = new FakeTime();
  const handler = new Handler();
  handler.dispatcher.push(change("added", "a", 1));
  await turn();
  handler.dispatcher.push(change("modified", "a", 2));
  const closed = handler.dispatcher.close(1_000);
  await time.tickAsync(1_000);
  await closed;
  await handler.end("a");
  deepStrictEqual(handler.calls, ["added a@1"]);
});

Deno.test("Dispatcher refuses a concurrency below 1", () => {
  const options = { key: String, onError: () => {}, concurrency: 0 };
  throws(() => new Dispatcher(() => {}, options), /Cannot dispatch with concurrency 0/);
});
