import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { SharedRecord } from "../record/mod.ts";
import { bounded, unlessAborted, type WaitOptions } from "../waiting.ts";

const MAX_BLOCK = 1_000_000;

const optionsSchema = z.strictObject({
  block: z.int().min(1).max(MAX_BLOCK).default(1)
    .describe(`an integer from 1 to ${MAX_BLOCK}`),
});
const schema = z.object({ next: z.int().min(1) });

/** Options of `Primitives.sequence`. */
export interface SequenceOptions {
  /**
   * How many numbers are taken by one write: the more, the fewer writes, and the longer gaps when a
   * process ends. With more than 1 numbers are not in the order of time over all processes.
   * @default 1
   */
  block?: number;
}

/**
 * Numbers of which each is given to one caller only, and which grow.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const invoices = primitives.sequence("invoice");
 * console.log(await invoices.next()); // 1
 * console.log(await invoices.next()); // 2
 *
 * const uploads = primitives.sequence("upload", { block: 100 });
 * const ids = await Promise.all(Array.from({ length: 100 }, () => uploads.next())); // one write
 * console.log(new Set(ids).size); // 100
 * ```
 *
 * Flow: the next number stands in one record (ConfigMap `troupe-sequence-<name>`). `next` takes as many as
 * a block has, one by default, by one conditional write, and gives them away from memory.
 *
 * Guarantees: no number is given twice. Without blocks they are in the order of time over all processes: a
 * call that begins after another one has resolved, wherever, gets a higher number. With blocks
 * that is so among the calls on one object only; numbers of different processes are unique, and say
 * nothing about who was first.
 *
 * Caveats: there are gaps. A block ends with the process (or the object) that took it, and a call that was
 * ended while its write was under way may have taken a number that nobody gets. Programs may take blocks of
 * different sizes. Who deletes the ConfigMap lets the numbers begin again at 1, but for objects that have
 * taken some already: these go on behind what they know, and take the record with them.
 *
 * Errors: `TypeError` for a block that is no integer from 1 to 1,000,000; `RangeError` when the safe integers
 * are used up. `UnknownOutcomeError`, the signal's reason or a `DOMException` named `"TimeoutError"` when a
 * call was ended: it has no number then.
 *
 * Cost: one write a block if nobody else has taken one since, 2 requests more after each conflict; the first
 * one reads before. In steady state nothing is sent.
 *
 * `Primitives.sequence` makes it.
 */
export class Sequence {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<{ next: number }>;
  readonly #block: number;
  /** What was taken and is not given away yet: from `from`, less than `end`. */
  #own = { from: 1, end: 1 };
  #taking: Promise<void> | undefined;

  /** Its name; all who share it say the same. */
  readonly name: string;

  /**
   * Nothing is sent yet.
   *
   * @throws {TypeError} when no object can have that name, or the block is no number that is allowed
   */
  constructor(context: PrimitiveContext, name: string, options: SequenceOptions = {}) {
    this.name = checkName("sequence", name);
    const purpose = `Cannot make sequence "${name}"`;
    this.#block = checkOptions(optionsSchema, options, { purpose }).block;
    this.#context = context;
    this.#record = context.records.get({
      kind: "sequence",
      name,
      schema,
      empty: { next: 1 },
    });
  }

  /**
   * A number that nobody else has, higher than all that this object gave before.
   *
   * @throws {RangeError} when there is no safe integer left
   */
  async next(options: WaitOptions = {}): Promise<number> {
    const { clock, signal: life } = this.#context;
    const doing = `take a number of sequence "${this.name}"`;
    return await bounded({ ...options, clock, doing, life }, async (signal) => {
      // one that was taken before the call may be lower than one that was given since
      if (this.#block === 1) return await this.#take(signal);
      while (this.#own.from >= this.#own.end) {
        this.#taking ??= this.#takeBlock();
        await unlessAborted(signal, this.#taking);
      }
      return this.#own.from++;
    });
  }

  /** Goes on also if its caller has gone: the block is for the next one. */
  #takeBlock(): Promise<void> {
    const taking = this.#take(this.#context.signal)
      .then((from) => void (this.#own = { from, end: from + this.#block }))
      .finally(() => this.#taking = undefined);
    taking.catch(() => {}); // who waits for it is told
    return taking;
  }

  /** Takes a block; resolves with its first number. */
  async #take(signal: AbortSignal): Promise<number> {
    const block = this.#block;
    let from = 0;
    await this.#record.update(({ next }) => {
      from = Math.max(next, this.#own.end);
      if (from > Number.MAX_SAFE_INTEGER - block) {
        throw new RangeError(
          `Cannot take ${block} of sequence "${this.name}": it is at ${from}, ` +
            `allowed are safe integers`,
        );
      }
      return { next: from + block };
    }, signal);
    if (this.#block === 1) this.#own.end = Math.max(this.#own.end, from + 1);
    return from;
  }
}
