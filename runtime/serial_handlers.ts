/** A handler of events. A promise is awaited; what it throws or rejects with is reported. */
export type Handler<E> = (event: E) => unknown;

/**
 * Handlers of rare events, none of which may be left out. Each handler hears them one after
 * another and in order; a slow one holds up nobody else.
 */
export class SerialHandlers<E> {
  readonly #tails = new Map<Handler<E>, Promise<void>>();
  readonly #onError: (error: unknown) => void;

  /** @param onError hears what a handler throws or rejects with */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Adds a handler; returns what removes it. */
  add(handler: Handler<E>): () => void {
    const entry: Handler<E> = (event) => handler(event);
    this.#tails.set(entry, Promise.resolve());
    return () => void this.#tails.delete(entry);
  }

  /** Hands an event to every handler. Returns at once. */
  emit(event: E): void {
    for (const [handler, tail] of this.#tails) {
      this.#tails.set(
        handler,
        tail.then(async () => void await handler(event)).catch(this.#onError),
      );
    }
  }

  /** Resolves when every handler has ended with all that was emitted so far. */
  async settled(): Promise<void> {
    await Promise.all(this.#tails.values());
  }
}
