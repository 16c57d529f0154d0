import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { SharedRecord } from "../record/mod.ts";
import { bounded, type WaitOptions } from "../waiting.ts";
import { type Arrival, barrierSchema, type BarrierState, NO_BARRIER } from "./barrier_state.ts";
import { Visit } from "./visit.ts";

/** Each stands in the record, with some 80 bytes, and writes it twice. */
const MAX_PARTIES = 1_000;

const optionsSchema = z.strictObject({
  parties: z.int().min(1).max(MAX_PARTIES).describe(`an integer from 1 to ${MAX_PARTIES}`),
});

/**
 * Lets parties go on together: `arrive` resolves when so many have arrived, again and again.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const phase = primitives.barrier("phase", 2); // the same number in all programs
 * async function work(part: string): Promise<void> {
 *   for (const step of ["load", "sort", "store"]) {
 *     console.log(part, step);
 *     const { generation, index } = await phase.arrive({ timeout: 60_000 });
 *     if (index === 0) console.log(`all have done step ${generation}`);
 *   }
 * }
 * await Promise.all([work("a"), work("b")]); // in programs of their own, as a rule
 * ```
 *
 * ## Flow
 *
 * Who arrives adds itself to the end of a list in one record (ConfigMap `troupe-barrier-<name>`). The first
 * ones of the list, as many as there are parties, are the present generation; who is behind them waits
 * for the next. When the last one of a generation has come, each of the others, which hear it by
 * their watch, confirms that it is there; the last confirmation opens the barrier. Who gives up (signal,
 * timeout) takes itself out. If a generation is complete and not confirmed after a second, those who do
 * not confirm are watched by their sessions, and taken out when these are gone. Whenever somebody was taken
 * out, the others confirm again when the next one has come.
 *
 * ## Guarantees
 *
 * - It opens only if each of its n parties, after the last of them had arrived, was there and had not given
 *   up: it said so itself, so no process that died, hangs or lost its connection before then is counted. (One that
 *   dies later is like one that dies behind the barrier.)
 * - Each `arrive` that resolves was counted for one opening, and all parties of that opening resolve (if
 *   they live); one that rejects was not, but for `UnknownOutcomeError`. An opening that came first wins:
 *   `arrive` then resolves though it was to be ended.
 * - Openings are in one order, and no party is in two. Parties are counted by their calls: one process may
 *   be several.
 * - A party that died keeps the others waiting for `leaseDuration` and some 2 s at most once the generation
 *   is complete but for it, and for twice as long if who looks after it has died too; then others can take
 *   their places.
 *
 * ## Assumptions and caveats
 *
 * - A session counts as gone as `Primitives` judges it: by the observer's monotonic clock, see there. That decides
 *   only when somebody is taken out, not whether the barrier opens.
 * - All must name the same number of parties. Another number is taken over when nobody waits, or when
 *   all who wait turn out to be dead.
 * - A party that was stopped longer than its session lives may be taken out; its `arrive` rejects with a
 *   `SessionLostError`, and it may arrive again.
 * - The barrier does not look after those that have passed it: who dies between two steps is missed at the
 *   next one, for ever if nobody takes its place. Give `arrive` a timeout.
 * - Who deletes the ConfigMap ends the waits: all reject, with nobody counted.
 *
 * ## Errors
 *
 * `TypeError` when others wait for another number of parties, `SessionLostError` and
 * `RecordDeletedError`, see above. `UnknownOutcomeError` when `arrive` is ended after it had confirmed and the
 * server does not answer within twice `requestTimeout`, or when the barrier has opened more than twice before
 * this process could look: then it may have been counted. The signal's reason, or a `DOMException` named
 * `"TimeoutError"`, when it was ended without being counted.
 *
 * ## Cost
 *
 * An opening of n parties takes 2n - 1 writes: an arrival and a confirmation each, but for the last one. Each
 * conflict is a request more, as the watch tells what was written instead. The first time there are also a
 * read, a list and one connection, which stays for 10 s more: who arrives again meanwhile does without. So
 * when 8 come one after another each sends some 7 requests, and later 4; when 8 come at once 10, and later 6; when
 * 64 come at once 16, and later 12, and it takes a second. While it waits a party has that connection, and sends
 * its session's renewal only.
 *
 * `Primitives.barrier` makes it.
 */
export class Barrier {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<BarrierState>;
  readonly #parties: number;

  /** Its name; all who share it say the same. */
  readonly name: string;

  /**
   * Nothing is sent yet.
   *
   * @param parties how many arrivals open it, the same in all programs
   * @throws {TypeError} when no object can have that name, or the number is none from 1 to 1,000
   */
  constructor(context: PrimitiveContext, name: string, parties: number) {
    this.name = checkName("barrier", name);
    const purpose = `Cannot make barrier "${name}"`;
    this.#parties = checkOptions(optionsSchema, { parties }, { purpose }).parties;
    this.#context = context;
    this.#record = context.records.get({
      kind: "barrier",
      name,
      schema: barrierSchema,
      empty: NO_BARRIER,
    });
  }

  /**
   * Arrives, and waits until all have.
   *
   * @throws {TypeError} when others wait for another number of parties
   * @throws {SessionLostError} when this process was taken for dead meanwhile
   * @throws {RecordDeletedError} when somebody deletes the ConfigMap meanwhile
   * @throws {UnknownOutcomeError} when it was ended, and nobody knows whether it was counted
   */
  async arrive(options: WaitOptions = {}): Promise<Arrival> {
    const { clock, signal: life } = this.#context;
    const doing = `arrive at barrier "${this.name}"`;
    const of = { record: this.#record, name: this.name, parties: this.#parties };
    // one watch for all that is waited for
    const stop = this.#record.watch(() => {});
    try {
      return await bounded({ ...options, clock, doing, life }, async (signal) => {
        return await new Visit(this.#context, { ...of, signal }).arrive();
      });
    } finally {
      stop();
    }
  }
}
