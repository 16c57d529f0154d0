import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ManualClock } from "./clock.ts";
import type { ProbeTiming } from "./probe_spec.ts";
import { count, runProber } from "./prober.ts";

const TIMING: ProbeTiming = {
  initialDelay: 0,
  period: 1000,
  timeout: 300,
  successThreshold: 1,
  failureThreshold: 3,
};

/** A prober on a manual clock; `answers` are its results, the last one for ever. */
function scene(
  answers: boolean[],
  options: { timing?: Partial<ProbeTiming>; eager?: boolean } = {},
) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const tries: number[] = [];
  const told: [number, boolean][] = [];
  const failures: string[] = [];
  const done = runProber({
    timing: { ...TIMING, ...options.timing },
    clock,
    eager: options.eager,
    signal: stop.signal,
    act: () => {
      const ok = answers[Math.min(tries.length, answers.length - 1)]!;
      tries.push(clock.now());
      return Promise.resolve({ ok, message: ok ? "" : "no" });
    },
    onFailure: (message) => failures.push(message),
    onResult: (ok) => told.push([clock.now(), ok]),
  });
  return { clock, stop, tries, told, failures, done };
}

Deno.test("runProber() tries at once and then every period", async () => {
  const { clock, stop, tries, told, done } = scene([true]);
  await clock.advance(2500);
  stop.abort();
  await done;
  deepStrictEqual(tries, [0, 1000, 2000]);
  deepStrictEqual(told, [[0, true]]);
});

Deno.test("runProber() waits for the initial delay", async () => {
  const { clock, stop, tries, done } = scene([true], { timing: { initialDelay: 700 } });
  await clock.advance(800);
  stop.abort();
  await done;
  deepStrictEqual(tries, [700]);
});

Deno.test("runProber() tells a failure only when the threshold is reached", async () => {
  const { clock, stop, told, failures, done } = scene([true, false, false, false, true]);
  await clock.advance(5000);
  stop.abort();
  await done;
  deepStrictEqual(told, [[0, true], [3000, false], [4000, true]]);
  deepStrictEqual(failures, ["no", "no", "no"]);
});

Deno.test("runProber() makes extra tries until the first success when eager", async () => {
  const answers = [false, false, false, true];
  const { clock, stop, tries, told, failures, done } = scene(answers, { eager: true });
  await clock.advance(3000);
  stop.abort();
  await done;
  deepStrictEqual(tries, [0, 50, 150, 350, 1000, 2000, 3000]);
  deepStrictEqual(told, [[350, true]]);
  deepStrictEqual(failures, ["no"]);
});

Deno.test("runProber() counts no extra try as a failure", async () => {
  const { clock, stop, told, failures, done } = scene([false], { eager: true });
  await clock.advance(2500);
  stop.abort();
  await done;
  deepStrictEqual(told, [[2000, false]]);
  strictEqual(failures.length, 3);
});

Deno.test("runProber() takes no answer within the time-out as a failure", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const failures: [number, string][] = [];
  const done = runProber({
    timing: TIMING,
    clock,
    signal: stop.signal,
    act: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    onFailure: (message) => failures.push([clock.now(), message]),
    onResult: () => {},
  });
  await clock.advance(1000);
  stop.abort();
  await done;
  deepStrictEqual(failures, [[300, "no answer within 0.3 s"]]);
});

Deno.test("count() needs as many successes in a row as the threshold says", () => {
  const thresholds = { successThreshold: 2, failureThreshold: 1 };
  const once = count({ ok: false, successes: 0, failures: 1 }, true, thresholds);
  strictEqual(once.ok, false);
  strictEqual(count(once, true, thresholds).ok, true);
  strictEqual(count(once, false, thresholds).ok, false);
});
