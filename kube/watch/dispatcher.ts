/**
 * Hands changes on to an async handler.
 *
 * Changes come from a reflector, synchronously, in order. For one object the handler runs one
 * change after another; different objects run side by side. While the handler is busy with an
 * object, what happens to it is merged: only its last state waits, and each deletion. So what
 * waits is bounded by the number of objects, not by the number of changes. It stops at
 * `close()`, after what waits was handled or the grace period has passed.
 *
 * @module
 */
import type { Change } from "./store.ts";

/** Options of a {@linkcode Dispatcher}. */
export interface DispatcherOptions<T> {
  /** Tells objects apart. */
  key: (object: T) => string;
  /** Hears what the handler throws or rejects with, and for which change. */
  onError: (error: unknown, change: Change<T>) => void;
  /**
   * Objects that are handled at the same time.
   *
   * @default Infinity
   */
  concurrency?: number;
}

/** Delivers changes to a handler: in order for each object, side by side for different ones. */
export class Dispatcher<T> {
  readonly #handler: (change: Change<T>) => void | Promise<void>;
  readonly #options: DispatcherOptions<T>;
  readonly #concurrency: number;
  /** Changes that wait, by object; an object that is being handled is here even with none. */
  readonly #waiting: Map<string, Change<T>[]> = new Map();
  /** Objects that wait for a free place. */
  readonly #ready: Set<string> = new Set();
  #running = 0;
  #closed = false;
  #settled: PromiseWithResolvers<void> | undefined;

  /**
   * Makes a dispatcher that waits for changes.
   *
   * @param handler Is called with each change; may be slow, may fail.
   */
  constructor(
    handler: (change: Change<T>) => void | Promise<void>,
    options: DispatcherOptions<T>,
  ) {
    const { concurrency = Infinity } = options;
    if (!(concurrency >= 1)) {
      throw new RangeError(
        `Cannot dispatch with concurrency ${concurrency}: it must be at least 1`,
      );
    }
    this.#handler = handler;
    this.#options = options;
    this.#concurrency = concurrency;
  }

  /** Changes that wait for the handler. */
  get depth(): number {
    let depth = 0;
    for (const waiting of this.#waiting.values()) depth += waiting.length;
    return depth;
  }

  /** Objects that are being handled. */
  get running(): number {
    return this.#running;
  }

  /** Takes a change; never throws, never waits. After `close()` it is ignored. */
  push(change: Change<T>): void {
    if (this.#closed) return;
    const key = this.#options.key(change.object);
    const waiting = this.#waiting.get(key);
    if (waiting) return merge(waiting, change);
    this.#waiting.set(key, [change]);
    this.#ready.add(key);
    this.#fill();
  }

  /** Resolves when nothing waits and no handler runs. */
  settled(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  /**
   * Takes no more changes, and resolves when those that wait were handled. After `graceMs`
   * milliseconds it drops them and leaves the handlers that still run alone.
   */
  async close(graceMs = 5_000): Promise<void> {
    this.#closed = true;
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([this.settled(), grace.promise]);
    clearTimeout(timer);
    for (const waiting of this.#waiting.values()) waiting.length = 0;
  }

  #fill(): void {
    for (const key of this.#ready) {
      if (this.#running >= this.#concurrency) return;
      this.#ready.delete(key);
      this.#running++;
      void this.#drain(key, this.#waiting.get(key) ?? []);
    }
  }

  /** Handles what waits for one object, and what comes meanwhile; never rejects. */
  async #drain(key: string, waiting: Change<T>[]): Promise<void> {
    await undefined; // so that push() never runs a handler itself
    for (let change = waiting.shift(); change; change = waiting.shift()) {
      try {
        await this.#handler(change);
      } catch (error) {
        this.#report(error, change);
      }
      // Others may have waited longer for the place.
      if (waiting.length > 0 && this.#ready.size > 0) {
        this.#ready.add(key);
        break;
      }
    }
    if (waiting.length === 0) this.#waiting.delete(key);
    this.#running--;
    this.#fill();
    if (this.#waiting.size === 0) {
      this.#settled?.resolve();
      this.#settled = undefined;
    }
  }

  #report(error: unknown, change: Change<T>): void {
    try {
      this.#options.onError(error, change);
    } catch (second) {
      console.error("Cannot report the error of a handler: onError threw", second, error);
    }
  }
}

/** Adds `change` to what waits for the same object: a newer state replaces an older one. */
function merge<T>(waiting: Change<T>[], change: Change<T>): void {
  const last = waiting.at(-1);
  if (!last || last.type === "deleted") {
    waiting.push(change);
    return;
  }
  if (change.type === "deleted") {
    waiting[waiting.length - 1] = change;
    return;
  }
  waiting[waiting.length - 1] = {
    type: last.type, // an object that was added and then modified is still news
    object: change.object,
    replayed: last.replayed && change.replayed,
  };
}
