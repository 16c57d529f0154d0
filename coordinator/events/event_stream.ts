/**
 * Events for a consumer that asks for them, one at a time.
 *
 * Who produces waits until its event is taken, and merges what happens meanwhile (a `Dispatcher`
 * does this for each object), so a slow consumer costs at most two events an object. `flush` lets
 * producers run without waiting, at the end, so that the consumer still gets all there is.
 */
export class EventStream<E> implements AsyncIterableIterator<E> {
  readonly #queue: { event: E; taken: () => void }[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<E>>[] = [];
  readonly #onReturn: () => void;
  #flushing = false;
  #ended: { error?: unknown } | undefined;

  /** @param onReturn releases the producers; called once, when the stream ends */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** Hands in an event; resolves when the consumer has taken it. */
  push(event: E): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: event });
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.push({ event, taken: resolve });
    return this.#flushing ? Promise.resolve() : promise;
  }

  /** From now on events are taken at once; the consumer finds them in the queue. */
  flush(): void {
    this.#flushing = true;
    for (const { taken } of this.#queue) taken();
  }

  /** Ends the stream after the events in the queue, with an error if one is given. */
  end(options: { error?: unknown } = {}): void {
    if (this.#ended) return;
    this.#ended = options;
    this.flush();
    this.#onReturn();
    for (const waiting of this.#waiting.splice(0)) this.#finish(waiting);
  }

  /** The next event. */
  async next(): Promise<IteratorResult<E>> {
    const first = this.#queue.shift();
    if (first !== undefined) {
      first.taken();
      return { done: false, value: first.event };
    }
    const waiting = Promise.withResolvers<IteratorResult<E>>();
    if (this.#ended) this.#finish(waiting);
    else this.#waiting.push(waiting);
    return await waiting.promise;
  }

  /** Ends the stream, as `break` does; events in the queue are dropped. */
  return(): Promise<IteratorResult<E>> {
    for (const { taken } of this.#queue.splice(0)) taken();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The end, for one call of `next`: an error is told once. */
  #finish(waiting: PromiseWithResolvers<IteratorResult<E>>): void {
    const ended = this.#ended;
    if (ended !== undefined && "error" in ended) {
      this.#ended = {};
      waiting.reject(ended.error);
    } else {
      waiting.resolve({ done: true, value: undefined });
    }
  }
}
