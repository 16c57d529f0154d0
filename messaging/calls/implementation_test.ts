import { deepStrictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import { Group } from "../group/group.ts";
import { Callee } from "./callee.ts";
import { implementation } from "./implementation.ts";

const greeter = contract("greeter", {
  greet: { input: z.object({ name: z.string().default("you") }), output: z.string() },
  count: { input: z.object({ to: z.int() }), stream: z.int() },
  ping: { input: z.null() },
  progress: { event: z.object({ done: z.number() }) },
});

const handlers = {
  greet: ({ name }: { name: string }) => `Hello, ${name}!`,
  count: () => [1, 2],
  ping: () => {},
};

Deno.test("implementation() refuses handlers that are missing, or that the contract does not name", () => {
  const { ping: _, ...missing } = handlers;
  throws(
    // @ts-expect-error: a handler is missing
    () => implementation(greeter, missing),
    /Cannot implement contract "greeter": "ping" has no handler/,
  );
  const more = { ...handlers, progress: () => {} };
  throws(() => implementation(greeter, more), /it has no method "progress" to be handled/);
  throws(
    () => implementation({} as typeof greeter, handlers),
    /allowed is what contract\(\) returns/,
  );
  throws(() => implementation(greeter, undefined as never), /"handlers" is no object/);
  throws(
    () => new Callee(implementation(greeter, handlers), { concurency: 1 } as object),
    /"concurency" is no known field/,
  );
});

Deno.test("implementation() and Group take and give what the contract says, as the compiler does", () => {
  implementation(greeter, {
    greet: ({ name }, { emit, signal, attempt, caller }) => {
      const text: string = name; // it has its default
      emit("progress", { done: attempt });
      // @ts-expect-error: there is no such event
      if (text === "") emit("done", {});
      // @ts-expect-error: that is no data of it
      if (text === "") emit("progress", { done: "half" });
      return signal.aborted ? "" : caller.name;
    },
    count: async function* ({ to }) {
      yield await Promise.resolve(to);
    },
    ping: () => {},
  });
  // @ts-expect-error: a handler returns what it must not
  implementation(greeter, { ...handlers, greet: () => 5 });
  // @ts-expect-error: a stream yields what it must not
  implementation(greeter, { ...handlers, count: () => ["one"] });

  const group = new Group(greeter);
  function neverCalled(): void {
    const answer: Promise<string> = group.ask("greet", {}); // the default is the worker's business
    const nothing: Promise<void> = group.ask("ping", null);
    const items: AsyncIterableIterator<number> = group.stream("count", { to: 3 });
    group.on("progress", ({ done }, { worker, lost }) => [done.toFixed(), worker.name, lost]);
    // @ts-expect-error: a wrong input
    group.ask("greet", { name: 5 });
    // @ts-expect-error: no such method
    group.ask("great", {});
    // @ts-expect-error: a stream is no method
    group.ask("count", { to: 3 });
    // @ts-expect-error: an event is no method
    group.tell("progress", { done: 1 });
    // @ts-expect-error: a method is no stream
    group.stream("greet", {});
    // @ts-expect-error: no such event
    group.on("done", () => {});
    // @ts-expect-error: a wrong output
    const wrong: Promise<number> = group.ask("greet", {});
    deepStrictEqual([answer, nothing, items, wrong], []);
  }
  void neverCalled;
});

Deno.test("Callee refuses options and events that it cannot have", () => {
  const made = implementation(greeter, handlers);
  throws(() => new Callee(made, { concurrency: 0 }), /"concurrency" given 0/);
  throws(() => new Callee(made, { queue: 1.5 }), /"queue" given 1.5/);
  const callee = new Callee(made);
  throws(() => callee.emit("no", 1), /contract "greeter" has no such event/);
  throws(
    () => callee.emit("progress", { done: "half" }),
    /Cannot emit "progress": its data does not fit/,
  );
});
