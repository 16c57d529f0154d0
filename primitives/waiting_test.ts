import { rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { systemClock } from "./clock.ts";
import { bounded, pause, unlessAborted } from "./waiting.ts";

const life = new AbortController().signal;
const base = { clock: systemClock, doing: "wait", life };
const never = (signal: AbortSignal) => unlessAborted(signal, new Promise<void>(() => {}));

Deno.test("bounded() ends with the timeout, the caller's signal and the life of what it belongs to", async () => {
  using time = new FakeTime();
  const late = rejects(bounded({ ...base, timeout: 10 }, never), {
    name: "TimeoutError",
    message: "Cannot wait: not within 10 ms",
  });
  await time.tickAsync(10);
  await late;
  for (const field of ["signal", "life"] as const) {
    const controller = new AbortController();
    const ended = rejects(bounded({ ...base, [field]: controller.signal }, never), /enough/);
    controller.abort(new Error("enough"));
    await ended;
    await rejects(
      bounded({ ...base, [field]: controller.signal }, () => Promise.resolve()),
      /enough/,
    );
  }
  strictEqual(await bounded({ ...base, timeout: Infinity }, () => Promise.resolve(1)), 1);
  for (const timeout of [-1, NaN]) {
    await rejects(bounded({ ...base, timeout }, never), {
      name: "RangeError",
      message: `Cannot wait: "timeout" is ${timeout}, allowed are milliseconds of at least 0`,
    });
  }
});

Deno.test("bounded() refuses what is no timeout, no signal, or no field that it knows", async () => {
  const refused: [object, object][] = [
    [{ timeout: "10s" }, {
      name: "RangeError",
      message: 'Cannot wait: "timeout" is "10s", allowed are milliseconds of at least 0',
    }],
    [{ signal: 1 }, {
      name: "TypeError",
      message: 'Cannot wait: "signal" given 1, allowed is an AbortSignal',
    }],
    [{ tiemout: 1 }, { name: "TypeError", message: 'Cannot wait: "tiemout" is no known field' }],
  ];
  for (const [options, error] of refused) {
    await rejects(bounded({ ...base, ...options }, never), error);
  }
});

Deno.test("pause() waits by the clock, and ends with the signal", async () => {
  using time = new FakeTime();
  let over = false;
  const waiting = pause(systemClock, 100, life).then(() => over = true);
  await time.tickAsync(99);
  strictEqual(over, false);
  await time.tickAsync(1);
  await waiting;
  const controller = new AbortController();
  const ended = rejects(pause(systemClock, 100, controller.signal), /enough/);
  controller.abort(new Error("enough"));
  await ended;
});

Deno.test("unlessAborted() leaves no rejection unhandled when the signal has aborted before", async () => {
  const refused = Promise.withResolvers<void>();
  await rejects(unlessAborted(AbortSignal.abort(new Error("enough")), refused.promise), /enough/);
  refused.reject(new Error("too late"));
  await new Promise((resolve) => setTimeout(resolve)); // it would be told by then
});
