/**
 * One probe of one attempt of a container: waits, acts, counts, and tells when the count crosses a
 * threshold. Sequential: the next try begins a period after the one before began, or when that
 * ends if it took longer. Ends when its signal aborts.
 *
 * An eager one makes extra tries until the first success, soon after the start and then ever
 * less often: a process needs some milliseconds to listen, and should not wait a whole period for
 * having missed the first try. Their failures neither count nor are told.
 */
import { type Clock, pause } from "./clock.ts";
import type { ProbeTiming } from "./probe_spec.ts";
import type { ActionResult } from "./runtime.ts";

/** What a prober does and whom it tells. */
export interface ProberOptions {
  readonly timing: ProbeTiming;
  readonly clock: Clock;
  /** Makes extra tries until the first success. @default {false} */
  readonly eager?: boolean;
  /** Ends the prober. */
  readonly signal: AbortSignal;
  /** One try; rejects when its signal aborts. */
  readonly act: (signal: AbortSignal) => Promise<ActionResult>;
  /** Each failed try. */
  readonly onFailure: (message: string) => void;
  /** The result that counts has become this; told at the first time and at each change. */
  readonly onResult: (ok: boolean) => void;
}

/** First wait between the extra tries of an eager prober (ms); each is twice the one before. */
const QUICK_MS = 50;

/** Probes until the signal aborts; never rejects. */
export async function runProber(options: ProberOptions): Promise<void> {
  const { timing, clock, signal, onFailure, onResult } = options;
  let counter: ProbeCounter = { ok: undefined, successes: 0, failures: 0 };
  let eager = options.eager ?? false;
  let quick = QUICK_MS;
  try {
    if (timing.initialDelay > 0) await pause(clock, timing.initialDelay, signal);
    let due = clock.now();
    for (;;) {
      const regular = clock.now() >= due;
      if (regular) due = clock.now() + timing.period;
      const result = await tryOnce(options);
      if (signal.aborted) return;
      if (result.ok) eager = false;
      if (result.ok || regular) {
        if (!result.ok) onFailure(result.message);
        const next = count(counter, result.ok, timing);
        if (next.ok !== undefined && next.ok !== counter.ok) onResult(next.ok);
        counter = next;
      }
      const wait = Math.max(0, due - clock.now());
      await pause(clock, eager ? Math.min(wait, quick) : wait, signal);
      quick *= 2;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Results in a row, and what they amount to. */
export interface ProbeCounter {
  /** Undefined until a threshold was reached. */
  readonly ok: boolean | undefined;
  readonly successes: number;
  readonly failures: number;
}

/** Takes one more result in. */
export function count(
  counter: ProbeCounter,
  ok: boolean,
  timing: Pick<ProbeTiming, "successThreshold" | "failureThreshold">,
): ProbeCounter {
  const successes = ok ? counter.successes + 1 : 0;
  const failures = ok ? 0 : counter.failures + 1;
  if (successes >= timing.successThreshold) return { ok: true, successes, failures };
  if (failures >= timing.failureThreshold) return { ok: false, successes, failures };
  return { ok: counter.ok, successes, failures };
}

async function tryOnce({ timing, clock, signal, act }: ProberOptions): Promise<ActionResult> {
  const timeout = new AbortController();
  const cancel = clock.after(timing.timeout, () => timeout.abort());
  const stop = () => timeout.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await act(timeout.signal);
  } catch (error) {
    if (timeout.signal.aborted) {
      return { ok: false, message: `no answer within ${timing.timeout / 1000} s` };
    }
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}
