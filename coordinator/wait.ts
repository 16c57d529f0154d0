import { isForbidden } from "../kube/mod.ts";
import { anySignal, quote } from "../runtime/mod.ts";
import type { AnyReflector } from "./cluster_view.ts";

/** The longest time that a timer can be set to, in milliseconds: a bit less than 25 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Options of {@linkcode withDeadline}. */
export interface DeadlineOptions {
  /** What is waited for, for messages. */
  what: string;
  /** Signals that end the work too. */
  signals: readonly AbortSignal[];
  /** Milliseconds that the work may take; from a timer's longest on, there is no limit. */
  timeout: number;
  /** What the signal's reason is when the time is over. */
  onTimeout: () => Error;
}

/**
 * Does some work whose signal aborts when one of the signals does or the time is over.
 *
 * @throws {TypeError} when the timeout is none
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { what, signals, timeout, onTimeout } = options;
  if (typeof timeout !== "number" || !(timeout >= 0)) {
    throw new TypeError(
      `Cannot wait for "${what}": "timeout" given ${quote(timeout)}, allowed is a number of ` +
        "milliseconds, 0 or more",
    );
  }
  const late = new AbortController();
  const timer = timeout > LONGEST_TIMER
    ? undefined
    : setTimeout(() => late.abort(onTimeout()), timeout);
  try {
    return await work(anySignal([...signals, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Resolves with the first value that `check` returns. It is asked when the lists of the reflectors
 * are complete, and again after each change of an object or of the connection.
 *
 * Rejects with what `check` throws, with the signal's reason, or, as waiting would not end, when a
 * role does not allow to list or watch.
 */
export async function waitFor<T>(
  reflectors: readonly AnyReflector[],
  signal: AbortSignal,
  check: () => T | undefined,
): Promise<T> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let synced = false;
  const look = (): void => {
    if (!synced) return;
    try {
      const found = check();
      if (found !== undefined) resolve(found);
    } catch (e) {
      reject(e);
    }
  };
  const refuse = (error: unknown): void => {
    if (isForbidden(error)) reject(error);
  };
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const undo = reflectors.flatMap((reflector) => [
    reflector.onChange(look),
    reflector.onState(look),
    reflector.onError(refuse),
  ]);
  for (const { health } of reflectors) {
    if (health.state === "disconnected") refuse(health.lastError);
  }
  Promise.all(reflectors.map((reflector) => reflector.synced())).then(() => {
    synced = true;
    look();
  }).catch(reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const remove of undo) remove();
  }
}

/** What becomes of a promise, unless the signal aborts first: then rejects with its reason. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  promise.catch(() => {}); // who waits no longer does not hear it
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
