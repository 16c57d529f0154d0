import { unlessAborted } from "../waiting.ts";

/** A question, and those who wait for its answer. */
interface Turn<T> {
  readonly answer: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * Lets those who ask at the same time share one answer that was asked for after all of them: while one
 * question is under way the next one waits for its end, and then asks for all who have come meanwhile.
 */
export class SharedRead<T> {
  readonly #ask: (signal: AbortSignal) => Promise<T>;
  #asking: Promise<unknown> | undefined;
  #next: Turn<T> | undefined;

  /** @param ask is not to be asked twice at the same time; its signal aborts when nobody waits any more */
  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Resolves with an answer to a question that was asked after this call. */
  async read(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const turn = this.#next ??= this.#take();
    turn.waiting++;
    try {
      return await unlessAborted(signal, turn.answer);
    } finally {
      if (--turn.waiting === 0) {
        if (this.#next === turn) this.#next = undefined; // nobody may join what is stopped
        turn.stop.abort(signal.reason);
      }
    }
  }

  #take(): Turn<T> {
    const stop = new AbortController();
    const answer = this.#askAfter(this.#asking, stop.signal);
    this.#asking = answer.catch(() => {});
    return { answer, stop, waiting: 0 };
  }

  async #askAfter(before: Promise<unknown> | undefined, signal: AbortSignal): Promise<T> {
    await before; // it never rejects; without one, others of this turn of the loop come along
    if (!signal.aborted) this.#next = undefined;
    return await this.#ask(signal);
  }
}
