import { rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { attempt } from "./attempt.ts";
import { SilenceError } from "./failure.ts";

const PATIENCE = { first: 300, next: 100 };

/** Rejects when the signal aborts, as a request does. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });
}

Deno.test("attempt() returns what the work returns", async () => {
  const { signal } = new AbortController();
  strictEqual(await attempt(() => Promise.resolve(7), { patience: PATIENCE, stop: signal }), 7);
});

Deno.test("attempt() bears more silence before the server was heard than after", async () => {
  using time = new FakeTime();
  const { signal } = new AbortController();
  const first = rejects(
    attempt((a) => untilAborted(a.signal), { patience: PATIENCE, stop: signal }),
    SilenceError,
  );
  await time.tickAsync(300);
  await first;
  let aborted = false;
  const next = rejects(
    attempt((a) => {
      a.heard();
      a.signal.addEventListener("abort", () => aborted = true);
      return untilAborted(a.signal);
    }, { patience: PATIENCE, stop: signal }),
    /silent for 100 ms/,
  );
  await time.tickAsync(99);
  strictEqual(aborted, false);
  await time.tickAsync(1);
  await next;
});

Deno.test("attempt() rejects with the reason of its stop signal, also before it begins", async () => {
  const controller = new AbortController();
  const options = { patience: PATIENCE, stop: controller.signal };
  const reason = new Error("stop");
  const running = rejects(attempt((a) => untilAborted(a.signal), options), reason);
  controller.abort(reason);
  await running;
  await rejects(attempt(() => Promise.resolve(), options), reason);
});

Deno.test("attempt() leaves work alone that ignores its signal", async () => {
  using time = new FakeTime();
  const controller = new AbortController();
  const options = { patience: PATIENCE, stop: controller.signal };
  const running = rejects(attempt(() => new Promise(() => {}), options), /stop/);
  controller.abort(new Error("stop"));
  await time.tickAsync(1_000);
  await running;
});
