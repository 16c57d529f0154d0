import { anySignal, quote } from "../runtime/mod.ts";
import type { Clock } from "./clock.ts";

/** What every call takes that waits. */
export interface WaitOptions {
  /** Ends the call, which rejects with its reason. */
  signal?: AbortSignal;
  /**
   * Milliseconds after which the call rejects with a `DOMException` named `"TimeoutError"`.
   * @default none, it waits for as long as it takes
   */
  timeout?: number;
}

/** Options of {@linkcode bounded}. */
export interface BoundedOptions extends WaitOptions {
  readonly clock: Clock;
  /** What cannot be done in time, for the message: `acquire mutex "orders"`. */
  readonly doing: string;
  /** Ends it too: the life of what it belongs to. */
  readonly life: AbortSignal;
}

/** Fields that a caller of {@linkcode bounded} may have given it. */
const KNOWN = ["signal", "timeout", "clock", "doing", "life"];

/**
 * Calls `work` with a signal that aborts with the caller's, with the end of what it belongs to, and when
 * the time is over.
 *
 * @throws {RangeError} when the timeout is no number of at least 0
 * @throws {TypeError} when the signal is none, or there is a field that is not known
 */
export async function bounded<T>(
  options: BoundedOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeout, clock, doing, life } = options;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw new RangeError(
      `Cannot ${doing}: "timeout" is ${quote(timeout)}, allowed are milliseconds of at least 0`,
    );
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(
      `Cannot ${doing}: "signal" given ${quote(signal)}, allowed is an AbortSignal`,
    );
  }
  const unknown = Object.keys(options).find((field) => !KNOWN.includes(field));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot ${doing}: "${unknown}" is no known field`);
  }
  const late = new AbortController();
  const signals = [life, late.signal, ...signal ? [signal] : []];
  const cancel = timeout === undefined || timeout === Infinity ? () => {} : clock.timer(
    timeout,
    () => late.abort(new DOMException(`Cannot ${doing}: not within ${timeout} ms`, "TimeoutError")),
  );
  try {
    const ended = anySignal(signals);
    ended.throwIfAborted();
    return await work(ended);
  } finally {
    cancel();
  }
}

/** Waits so long; rejects with the signal's reason when that aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = clock.timer(ms, resolve);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether `promise`, which never rejects, resolves within so long. */
export async function settlesWithin(
  clock: Clock,
  ms: number,
  promise: Promise<void>,
): Promise<boolean> {
  const done = new AbortController();
  void promise.then(() => done.abort());
  return await pause(clock, ms, done.signal).then(() => false, () => true);
}

/** What `promise` settles with, or the signal's reason when that aborts first. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  if (signal.aborted) promise.catch(() => {}); // as of one that is left later, nobody is told
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
