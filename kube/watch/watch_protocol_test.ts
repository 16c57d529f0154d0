import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { type Failure, failureOf } from "./failure.ts";
import {
  MALFORMED_LIMIT,
  REFUSED_DELAY_MS,
  START,
  step,
  UNPAGED_AFTER,
  type WatchInput,
  type WatchState,
} from "./watch_protocol.ts";

const POLICY = { minBackoff: 100, maxBackoff: 10_000, random: () => 1 };

function after(...inputs: WatchInput[]): WatchState {
  return inputs.reduce((state, input) => step(state, input, POLICY), START as WatchState);
}

function page(continueToken?: string): WatchInput {
  return { type: "page", resourceVersion: "10", continueToken };
}

function failed(kind: Failure["kind"], retryAfterMs?: number): WatchInput {
  return { type: "failed", failure: { kind, retryAfterMs, error: new Error(kind) } };
}

function progress(resourceVersion: string): WatchInput {
  return { type: "progress", resourceVersion };
}

/** What is done next, in short. */
function told(state: WatchState): unknown {
  if (state.phase === "listing") return ["list", state.token];
  if (state.phase === "watching") return ["watch", state.resourceVersion];
  return ["wait", state.ms, told(state.then)];
}

const LASTED: WatchInput = { type: "lasted" };
const ENDED: WatchInput = { type: "ended" };
const WAITED: WatchInput = { type: "waited" };

Deno.test("step() lists all pages, then watches from the list's version", () => {
  deepStrictEqual(told(after(page("t"))), ["list", "t"]);
  deepStrictEqual(told(after(page("t"), page())), ["watch", "10"]);
});

Deno.test("step() resumes from the last version when a watch ends", () => {
  deepStrictEqual(told(after(page(), progress("12"), LASTED, ENDED)), ["watch", "12"]);
});

Deno.test("step() waits when a watch that did not last ends", () => {
  deepStrictEqual(told(after(page(), ENDED)), ["wait", 100, ["watch", "10"]]);
  deepStrictEqual(told(after(page(), ENDED, WAITED, ENDED)), ["wait", 200, ["watch", "10"]]);
});

Deno.test("step() waits, but no longer each time, when watches end after bringing news", () => {
  const state = after(page(), progress("11"), ENDED, WAITED, progress("12"), ENDED);
  deepStrictEqual(told(state), ["wait", 100, ["watch", "12"]]);
});

Deno.test("step() takes a bookmark of the same version for no progress", () => {
  const state = after(page(), progress("10"), ENDED, WAITED, progress("10"), ENDED);
  deepStrictEqual(told(state), ["wait", 200, ["watch", "10"]]);
});

Deno.test("step() forgets failures only when a watch has lasted", () => {
  const broken = [page(), failed("other"), WAITED, failed("other"), WAITED];
  deepStrictEqual(told(after(...broken, failed("other"))), ["wait", 400, ["watch", "10"]]);
  deepStrictEqual(told(after(...broken, LASTED, failed("other"))), ["wait", 100, ["watch", "10"]]);
});

Deno.test("step() lists again at once after 410, also after an outage", () => {
  const aged = [page(), progress("11")];
  deepStrictEqual(told(after(...aged, failed("gone"))), ["list", undefined]);
  const outage = after(...aged, failed("other"), WAITED, failed("gone"));
  deepStrictEqual(told(outage), ["list", undefined]);
});

Deno.test("step() waits when a list is answered by 410 right after it", () => {
  deepStrictEqual(told(after(page(), failed("gone"))), ["wait", 100, ["list", undefined]]);
  const again = after(page(), failed("gone"), WAITED, page(), failed("gone"));
  deepStrictEqual(told(again), ["wait", 200, ["list", undefined]]);
});

Deno.test("step() lists from the start when a page token expires, in the end without pages", () => {
  const once = after(page("t"), failed("gone"));
  deepStrictEqual(told(once), ["list", undefined]);
  const twice = after(page("t"), failed("gone"), page("t"), failed("gone"), WAITED);
  strictEqual(twice.phase === "listing" && twice.expiries, UNPAGED_AFTER);
});

Deno.test("step() asks for the same page again when it failed", () => {
  const state = after(page("t"), failed("other"));
  deepStrictEqual(told(state), ["wait", 100, ["list", "t"]]);
});

Deno.test("step() watches again at once after silence, unless the watch did not last", () => {
  deepStrictEqual(told(after(page(), LASTED, failed("silent"))), ["watch", "10"]);
  deepStrictEqual(told(after(page(), failed("silent"))), ["wait", 100, ["watch", "10"]]);
});

Deno.test("step() waits as long as the server asks, within a bound", () => {
  deepStrictEqual(told(after(failed("other", 7_000))), ["wait", 7_000, ["list", undefined]]);
  deepStrictEqual(told(after(failed("other", 1e9))), ["wait", 300_000, ["list", undefined]]);
});

Deno.test("step() is slow after a refusal", () => {
  deepStrictEqual(told(after(failed("refused"))), ["wait", REFUSED_DELAY_MS, ["list", undefined]]);
});

Deno.test("step() lists again when the same place is malformed time after time", () => {
  const inputs: WatchInput[] = [page()];
  for (let i = 1; i < MALFORMED_LIMIT; i++) inputs.push(failed("malformed"), WAITED);
  deepStrictEqual(told(after(...inputs)), ["watch", "10"]);
  deepStrictEqual(told(after(...inputs, failed("malformed"), WAITED)), ["list", undefined]);
});

Deno.test("step() lists from the start, slowly, when the server does not know the place", () => {
  const slowly = ["wait", REFUSED_DELAY_MS, ["list", undefined]];
  deepStrictEqual(told(after(page("t"), failed("unknown"))), slowly);
  deepStrictEqual(told(after(page(), failed("unknown"))), slowly);
  deepStrictEqual(told(after(failed("unknown"))), slowly);
});

Deno.test("failureOf() knows answers that say nothing of a version's age", () => {
  const causes = [{ reason: "ResourceVersionTooLarge" }];
  const future = Object.assign(new Error(), { httpCode: 504, status: { details: { causes } } });
  strictEqual(failureOf(future).kind, "unknown");
  strictEqual(failureOf(Object.assign(new Error(), { httpCode: 400 })).kind, "unknown");
  strictEqual(failureOf(Object.assign(new Error(), { httpCode: 504 })).kind, "other");
});

Deno.test("step() throws on an input that the state cannot take", () => {
  throws(() => after(ENDED), /Cannot take input "ended": the watch is in phase "listing"/);
});
