import { z } from "zod";
import { anySignal } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { SharedRecord } from "../record/mod.ts";
import { bounded, unlessAborted, type WaitOptions } from "../waiting.ts";

const schema = z.object({ value: z.int() });

/** Options of {@linkcode Counter.watch}. */
export interface CounterWatchOptions {
  /**
   * Ends the sequence with its reason as error when it aborts.
   * @default none
   */
  signal?: AbortSignal;
}

/**
 * A number that many processes add to.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const visits = primitives.counter("visits");
 * await visits.add(); // 1
 * await visits.add(5); // 6
 * for await (const now of visits.watch()) {
 *   console.log(`${now} visits`);
 *   if (now >= 6) break;
 * }
 * ```
 *
 * Flow: the number stands in one record (ConfigMap `troupe-counter-<name>`). `add` writes the sum on
 * condition that it is still the number that was added to. What one process adds while a write of its own
 * is under way is written together.
 *
 * Guarantees: `add` and `get` are linearizable: each sees all that was added before it was called. What
 * `add` resolves for is added exactly once, also if answers of the server were lost. Numbers are exact: a sum
 * that is no safe integer is refused, and nothing is added. A watch tells numbers in order, and the last
 * one for sure; it leaves out those that were passed while its consumer was busy.
 *
 * Caveats: who deletes the ConfigMap sets the number to 0. It is one object, whose writes come one after
 * another, each after a disk of the server has it, however many processes share them; who adds more often adds
 * sums. A number that nobody else asks for belongs into metrics.
 *
 * Errors: `RangeError` for what is no safe integer. `UnknownOutcomeError` when `add` was ended (or 64 others
 * have written) while a write was in doubt; then it was added once or not at all. The signal's reason, or a
 * `DOMException` named `"TimeoutError"`, when it was ended with nothing added.
 *
 * Cost: `add` is one write if nobody else has added since, and 2 requests more after each conflict; the
 * first one reads before. `get` is one read. A watch is a read, a list and one connection, which
 * stays for 10 s more. In steady state nothing is sent.
 *
 * `Primitives.counter` makes it.
 */
export class Counter {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<{ value: number }>;

  /** Its name; all who share it say the same. */
  readonly name: string;

  /**
   * Nothing is sent yet.
   *
   * @throws {TypeError} when no object can have that name
   */
  constructor(context: PrimitiveContext, name: string) {
    this.name = checkName("counter", name);
    this.#context = context;
    this.#record = context.records.get({
      kind: "counter",
      name,
      schema,
      empty: { value: 0 },
    });
  }

  /**
   * Adds a number, which may be negative, and resolves with the sum.
   *
   * @throws {RangeError} when `by` or the sum is no safe integer
   */
  async add(by = 1, options: WaitOptions = {}): Promise<number> {
    const doing = `add to counter "${this.name}"`;
    const check = (what: string, value: number): number => {
      if (Number.isSafeInteger(value)) return value;
      throw new RangeError(`Cannot ${doing}: ${what} is ${value}, allowed are safe integers`);
    };
    check(`"by"`, by);
    return await this.#bounded(doing, options, async (signal) => {
      let sum = 0;
      await this.#record.update(({ value }) => {
        sum = check("the sum", value + by);
        return { value: sum };
      }, signal);
      return sum;
    });
  }

  /** The number as it is now; 0 while nobody has added anything. */
  async get(options: WaitOptions = {}): Promise<number> {
    const doing = `read counter "${this.name}"`;
    return await this.#bounded(doing, options, async (signal) => {
      return (await this.#record.read(signal)).state.value;
    });
  }

  /**
   * The number as it is now, and then as it becomes, for as long as the consumer stays in the loop. It ends
   * with an error when the signal aborts, or when the primitives are closed.
   */
  async *watch(options: CounterWatchOptions = {}): AsyncIterableIterator<number> {
    const life = this.#context.signal;
    const signal = options.signal ? anySignal([life, options.signal]) : life;
    let told: number | undefined;
    let next = Promise.withResolvers<void>();
    // holds the watch while the consumer is busy
    const stop = this.#record.watch(() => next.resolve());
    try {
      await this.#record.read(signal);
      for (;;) {
        const { value } = this.#record.known!.state;
        next = Promise.withResolvers();
        if (value !== told) yield told = value;
        else await unlessAborted(signal, next.promise);
        signal.throwIfAborted();
      }
    } finally {
      stop();
    }
  }

  #bounded<T>(
    doing: string,
    options: WaitOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, signal: life } = this.#context;
    return bounded({ ...options, clock, doing, life }, work);
  }
}
