/**
 * Reconciles objects by key: calls one function for each key that something happened to, until
 * it succeeds, and again when it asks for that. Keys come from `enqueue()` and from timers;
 * up to `workers` of them run side by side, equal ones never. A key that is enqueued while it
 * runs, runs once more after that. It stops at `close()`: running ones get an aborted signal
 * and are awaited, the others are dropped.
 *
 * @module
 */
import { backoffDelay } from "./backoff.ts";

/** Milliseconds before the first retry, before jitter. */
const MIN_RETRY_MS = 50;

/** Milliseconds that no retry waits longer than. */
const MAX_RETRY_MS = 30_000;

/** Options of a {@linkcode Reconciler}. */
export interface ReconcilerOptions {
  /** Says in messages which one it is. */
  name: string;
  /**
   * Keys that run at the same time.
   *
   * @default 4
   */
  workers?: number;
  /** Hears each failure; the key is tried again anyway. */
  onError?: (key: string, error: unknown) => void;
  /**
   * Source of jitter, from 0 up to 1.
   *
   * @default Math.random
   */
  random?: () => number;
  /** Closes it when aborted. */
  signal?: AbortSignal;
}

/** Calls a function for each key that something happened to, until it succeeds. */
export class Reconciler implements AsyncDisposable {
  readonly #reconcile: (key: string, signal: AbortSignal) => Promise<void | { after: number }>;
  readonly #options: ReconcilerOptions;
  readonly #workers: number;
  readonly #stop: AbortController = new AbortController();
  /** Keys that are due; of one that runs, again when it has ended. */
  readonly #ready: Set<string> = new Set();
  readonly #delayed: Map<string, { due: number; timer: ReturnType<typeof setTimeout> }> = new Map();
  readonly #failures: Map<string, number> = new Map();
  readonly #running: Map<string, Promise<void>> = new Map();
  readonly #onAbort = (): void => void this.close();
  /** Whether what is due will be looked at in this turn. */
  #filling = false;
  #idle: PromiseWithResolvers<void> | undefined;

  /**
   * Makes a reconciler that waits for keys.
   *
   * @param reconcile Brings the object of a key to where it should be, from the present state;
   * returns after how many milliseconds to look again, if ever. Throwing means: try again.
   */
  constructor(
    reconcile: (key: string, signal: AbortSignal) => Promise<void | { after: number }>,
    options: ReconcilerOptions,
  ) {
    const { name, workers = 4, signal } = options;
    if (!(workers >= 1)) {
      throw new RangeError(`Cannot reconcile ${name} with ${workers} workers: it needs at least 1`);
    }
    this.#reconcile = reconcile;
    this.#options = options;
    this.#workers = workers;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /**
   * Has a key run soon, or in `after` milliseconds; the earlier time counts if it waits
   * already. After `close()` it is ignored.
   */
  enqueue(key: string, options: { after?: number } = {}): void {
    if (this.#stop.signal.aborted) return;
    const { after = 0 } = options;
    if (after > 0) return this.#delay(key, after);
    this.#undelay(key);
    this.#ready.add(key);
    if (this.#filling) return;
    this.#filling = true;
    queueMicrotask(() => { // after what is enqueued with it
      this.#filling = false;
      this.#fill();
    });
  }

  /** Resolves when no key runs or is due; those that wait for a later time do not count. */
  idle(): Promise<void> {
    if (this.#ready.size === 0 && this.#running.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  /** Aborts what runs and awaits it, drops the rest. */
  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      for (const key of [...this.#delayed.keys()]) this.#undelay(key);
      this.#ready.clear();
      this.#stop.abort(new Error(`Cannot reconcile ${this.#options.name}: it is closed`));
    }
    await Promise.all(this.#running.values());
    this.#settle();
  }

  /** Same as {@linkcode Reconciler.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #delay(key: string, after: number): void {
    if (this.#ready.has(key)) return; // runs sooner anyway
    const due = performance.now() + after;
    const earlier = this.#delayed.get(key);
    if (earlier && earlier.due <= due) return;
    clearTimeout(earlier?.timer);
    this.#delayed.set(key, { due, timer: setTimeout(() => this.enqueue(key), after) });
  }

  #undelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }

  #fill(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#workers) return;
      if (this.#running.has(key)) continue;
      this.#ready.delete(key);
      this.#running.set(key, this.#work(key));
    }
  }

  /** Runs one key once; never rejects. */
  async #work(key: string): Promise<void> {
    const { signal } = this.#stop;
    let after: number | undefined;
    try {
      after = (await this.#reconcile(key, signal))?.after;
      this.#failures.delete(key);
    } catch (error) {
      if (!signal.aborted) after = this.#retryDelay(key, error);
    }
    this.#running.delete(key);
    if (after !== undefined) this.enqueue(key, { after });
    this.#fill();
    this.#settle();
  }

  #retryDelay(key: string, error: unknown): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    try {
      this.#options.onError?.(key, error);
    } catch (second) {
      console.error(`Cannot report an error of ${this.#options.name}: onError threw`, second);
    }
    const { random } = this.#options;
    return backoffDelay(failures, { min: MIN_RETRY_MS, max: MAX_RETRY_MS, random });
  }

  #settle(): void {
    if (this.#ready.size > 0 || this.#running.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
