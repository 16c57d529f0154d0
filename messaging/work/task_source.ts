import { quote } from "../../runtime/mod.ts";

/** What inputs are given as. */
export type Inputs<I> = Iterable<I> | AsyncIterable<I>;

/** @throws {TypeError} beginning with the purpose, if that is nothing to iterate over */
export function checkInputs(inputs: unknown, purpose: string): void {
  const given = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterate = given?.[Symbol.asyncIterator] ?? given?.[Symbol.iterator];
  if (typeof inputs === "object" && typeof iterate === "function") return;
  const told = inputs === undefined ? "nothing was given" : `given ${quote(inputs)}`;
  throw new TypeError(`${purpose}: "inputs" ${told}, allowed is a list, or another iterable`);
}

/** Hears what was pulled. */
export interface Puller<I> {
  /** The next input. */
  next(input: I): void;
  /** There are no more. */
  end(): void;
  /** The source has failed; there are no more. */
  fail(error: unknown): void;
}

/**
 * Inputs, pulled one at a time. Those of a plain iterable are there at once, without a promise for
 * each; of an iterable of promises each is awaited.
 */
export class TaskSource<I> {
  readonly #iterator: Iterator<I> | AsyncIterator<I>;
  readonly #puller: Puller<I>;
  #pulling = false;
  #over = false;

  /** Nothing is pulled yet. */
  constructor(inputs: Inputs<I>, puller: Puller<I>) {
    this.#iterator = Symbol.asyncIterator in inputs
      ? inputs[Symbol.asyncIterator]()
      : inputs[Symbol.iterator]();
    this.#puller = puller;
  }

  /** Whether an input is awaited. */
  get pulling(): boolean {
    return this.#pulling;
  }

  /** Whether nothing comes any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Asks for the next input; the puller hears it at once or later. Not while one is awaited. */
  pull(): void {
    let pulled: IteratorResult<I> | Promise<IteratorResult<I>>;
    try {
      pulled = this.#iterator.next();
    } catch (error) {
      return this.#fail(error);
    }
    if ("then" in pulled) return this.#await(pulled, (result) => this.#take(result));
    this.#take(pulled);
  }

  /** Ends it: the source is told, unless it has ended by itself. Never rejects. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    try {
      const closed = Promise.resolve(this.#iterator.return?.());
      closed.catch(() => {});
      // a generator that is about to give an input ends only then: nobody knows when
      if (!this.#pulling) await closed;
    } catch {
      // there is nobody who asked for more
    }
  }

  #take(result: IteratorResult<I>): void {
    if (this.#over) return;
    if (result.done) {
      this.#over = true;
      return this.#puller.end();
    }
    const value: unknown = result.value;
    const isPromise = typeof value === "object" && value !== null && "then" in value;
    if (isPromise) this.#await(value as Promise<I>, (input) => this.#puller.next(input));
    else this.#puller.next(result.value);
  }

  #await<T>(promise: PromiseLike<T>, hear: (value: T) => void): void {
    this.#pulling = true;
    promise.then((value) => {
      this.#pulling = false;
      if (!this.#over) hear(value);
    }, (error) => {
      this.#pulling = false;
      this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#puller.fail(error);
  }
}
