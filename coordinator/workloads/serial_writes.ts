import { unlessAborted } from "../wait.ts";

/**
 * Writes that must not overtake each other: those of one key run one after another, in the order
 * of the calls; those of different keys side by side. A key is forgotten when nothing waits for
 * it.
 */
export class SerialWrites {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Calls `write` when it is its turn, and passes on what becomes of it. If `signal` aborts before,
   * it rejects with the reason and never calls it.
   */
  async add<T>(key: string, signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const done = Promise.withResolvers<void>();
    const tail = Promise.all([before, done.promise]).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    try {
      signal.throwIfAborted();
      if (before !== undefined) await unlessAborted(signal, before);
      return await write();
    } finally {
      done.resolve();
    }
  }
}
