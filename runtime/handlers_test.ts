import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { stub } from "@std/testing/mock";
import { ErrorReporter } from "./error_reporter.ts";
import { SerialHandlers } from "./serial_handlers.ts";
import { within } from "./within.ts";

Deno.test("SerialHandlers.emit() runs a handler one event after another, others side by side", async () => {
  const handlers = new SerialHandlers<number>(() => {});
  const first = Promise.withResolvers<void>();
  const slow: number[] = [];
  const quick: number[] = [];
  handlers.add(async (n) => {
    if (n === 1) await first.promise;
    slow.push(n);
  });
  handlers.add((n) => void quick.push(n));
  handlers.emit(1);
  handlers.emit(2);
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  deepStrictEqual(slow, []);
  first.resolve();
  await handlers.settled();
  deepStrictEqual(slow, [1, 2]);
  deepStrictEqual(quick, [1, 2]);
});

Deno.test("SerialHandlers.emit() reports what a handler throws and goes on", async () => {
  const errors: unknown[] = [];
  const handlers = new SerialHandlers<number>((e) => errors.push(e));
  handlers.add((n) => {
    throw n;
  });
  handlers.emit(1);
  handlers.emit(2);
  await handlers.settled();
  deepStrictEqual(errors, [1, 2]);
});

Deno.test("SerialHandlers.add() returns what removes the handler", async () => {
  const heard: number[] = [];
  const handlers = new SerialHandlers<number>(() => {});
  const handler = (n: number) => heard.push(n);
  const remove = handlers.add(handler);
  handlers.add(handler); // the same function twice is two handlers
  handlers.emit(1);
  await handlers.settled();
  remove();
  handlers.emit(2);
  await handlers.settled();
  deepStrictEqual(heard, [1, 1, 2]);
});

function printed({ args: [prefix, error] }: { args: unknown[] }): string {
  return `${prefix} ${(error as Error).message}`;
}

Deno.test("ErrorReporter.report() prints while there is no handler", () => {
  using print = stub(console, "error");
  const reporter = new ErrorReporter("me");
  reporter.report(new Error("a"));
  reporter.report("b");
  const heard: string[] = [];
  const remove = reporter.add((e) => heard.push(e.message));
  reporter.report(new Error("c"));
  remove();
  reporter.report(new Error("d"));
  deepStrictEqual(print.calls.map(printed), ["me: a", "me: b", "me: d"]);
  deepStrictEqual(heard, ["c"]);
});

Deno.test("ErrorReporter.report() prints one line of an error whose message says all", () => {
  using print = stub(console, "error");
  const reporter = new ErrorReporter("me", { isPlain: (error) => error instanceof RangeError });
  const other = new TypeError("a");
  reporter.report(new RangeError("not found"));
  reporter.report(other);
  deepStrictEqual(print.calls.map(({ args }) => args), [
    ["me:", "RangeError: not found"],
    ["me:", other],
  ]);
});

Deno.test("ErrorReporter.report() prints the error when its handler fails", async () => {
  using print = stub(console, "error");
  const reporter = new ErrorReporter("me");
  reporter.add(() => {
    throw new Error("sync");
  });
  reporter.add(() => Promise.reject(new Error("async")));
  reporter.report(new Error("a"));
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  deepStrictEqual(print.calls.map(printed), [
    "me: a",
    "me: sync",
    "me: a",
    "me: async",
  ]);
});

Deno.test("within() says whether a promise settled in time", async () => {
  strictEqual(await within(10_000, Promise.resolve()), true);
  strictEqual(await within(0, new Promise(() => {})), false);
});
