import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { LeadingHandlers, type LeadingTerm } from "./leading_handlers.ts";
import type { Mandate } from "./mandate.ts";

function term(token: number): Mandate & { end(reason: Error): void } {
  const end = new AbortController();
  return { token, signal: end.signal, check: () => {}, end: (reason) => end.abort(reason) };
}

function aborted({ signal }: LeadingTerm): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("LeadingHandlers tell one term after another, and none that is over", async () => {
  const handlers = new LeadingHandlers(() => {});
  const told: unknown[] = [];
  const proceed = Promise.withResolvers<void>();
  handlers.add(async ({ token }) => {
    told.push(token);
    if (token === 5) await proceed.promise; // it does not heed its signal
  });
  const [first, second] = [term(5), term(6)];
  handlers.begin(first);
  await turn();
  first.end(new Error("lost"));
  handlers.begin(second);
  second.end(new Error("lost"));
  handlers.begin(term(7));
  await turn();
  deepStrictEqual(told, [5]);
  proceed.resolve();
  await handlers.close();
  deepStrictEqual(told, [5]); // it is closed before its turn comes
});

Deno.test("LeadingHandlers.add() calls a handler that comes late, and close() waits for it", async () => {
  const handlers = new LeadingHandlers(() => {});
  handlers.begin(term(5));
  let ended = false;
  handlers.add(async (own) => {
    await aborted(own);
    await turn();
    ended = true;
  });
  await turn();
  await handlers.close();
  strictEqual(ended, true);
  handlers.add(() => ended = false);
  handlers.begin(term(6)); // too late
  await turn();
  strictEqual(ended, true);
});

Deno.test("LeadingHandlers report what a handler throws, but not that it passes on its signal's reason", async () => {
  const errors: unknown[] = [];
  const handlers = new LeadingHandlers((error) => errors.push(error));
  const own = term(5);
  handlers.add(() => {
    throw new Error("oops");
  });
  handlers.add(async (given) => {
    await aborted(given);
    await turn();
    given.signal.throwIfAborted();
  });
  handlers.begin(own);
  await turn();
  own.end(new Error("lost"));
  handlers.begin(term(6)); // before the handler has ended with the first one
  await turn();
  await handlers.close();
  deepStrictEqual(errors.map((error) => (error as Error).message), ["oops", "oops"]);
});
