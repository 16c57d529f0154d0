/** Work that several wait for. It is aborted when the last of them has given up waiting. */
export class SharedWork<T> {
  readonly #controller = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  /** Begins `work`, which should end soon when its signal aborts. */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#controller.signal);
    this.#result.catch(() => {}); // nobody may be waiting any more
  }

  /** Whether it was aborted, so that nobody should wait for it any more. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The result, or the signal's reason as soon as it aborts. */
  async wait(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => {
      if (--this.#waiting === 0) this.#controller.abort(signal!.reason);
      reject(signal!.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#result, aborted]);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }
}
