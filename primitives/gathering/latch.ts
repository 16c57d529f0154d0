import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { SharedRecord, Versioned } from "../record/mod.ts";
import { bounded, type WaitOptions } from "../waiting.ts";
import { RecordDeletedError } from "./record_deleted_error.ts";
import { shortId } from "./short_id.ts";

const positive = z.int().min(1).describe("an integer of at least 1");
const schema = z.object({
  /** Of the object: who finds another one knows that what it knew was deleted. Empty if there is none. */
  made: z.string(),
  size: z.int().min(0),
  left: z.int().min(0),
  /** How often it has opened. */
  openings: z.int().min(0),
});
type LatchState = z.output<typeof schema>;

/**
 * A gate that opens when something was done a number of times.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const loaded = primitives.latch("loaded", 2); // the same number in all programs
 * const open = loaded.wait({ timeout: 60_000 });
 * await loaded.countDown(); // when a part is loaded; 1 is left
 * await loaded.countDown(); // 0: it opens for all who wait, and for who comes later
 * await open;
 * ```
 *
 * Flow: what is left stands in one record (ConfigMap `troupe-latch-<name>`). `countDown` writes one less
 * on condition that it is still as it was; `wait` reads it, and watches it while it is not 0.
 *
 * Guarantees: each `countDown` that resolves counts once, also if answers of the server were lost, and
 * nothing counts below 0. `wait` resolves if and only if the count was 0 at a time after it was called: also
 * if `reset` has closed the latch before the news came. `countDown` and `count` are linearizable.
 *
 * Caveats: a latch is not tied to processes. It stays open when all of them have ended: the next
 * run needs `reset`, or another name. A process that counted down and is started again counts
 * again; who must not does it in a `Once`. Who deletes the ConfigMap takes the count with it: those who wait
 * and knew of it are told so by an error, and the latch begins anew.
 *
 * Errors: `TypeError` where another program has made it with another count (`reset` makes it this
 * program's). `RecordDeletedError`, see above. `UnknownOutcomeError` when `countDown` was ended (or 64
 * others have written) while a write was in doubt; then it counted once or not at all. The signal's
 * reason, or a `DOMException` named `"TimeoutError"`, when a call was ended.
 *
 * Cost: a `countDown` is one write if nobody else has written since, 2 requests more after each conflict; the
 * first one reads before. A `wait` is a read, and unless it is open a list and one connection until it opens. That
 * stays for 10 s more: who waits again meanwhile sends a read only. In steady state nothing is sent.
 *
 * `Primitives.latch` makes it.
 */
export class Latch {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<LatchState>;
  readonly #size: number;

  /** Its name; all who share it say the same. */
  readonly name: string;

  /**
   * Nothing is sent yet.
   *
   * @param count how often it is to be counted down, the same in all programs
   * @throws {TypeError} when no object can have that name, or the count is no integer of at least 1
   */
  constructor(context: PrimitiveContext, name: string, count: number) {
    this.name = checkName("latch", name);
    const purpose = `Cannot make latch "${name}"`;
    this.#size = checkOptions(z.strictObject({ count: positive }), { count }, { purpose }).count;
    this.#context = context;
    this.#record = context.records.get({
      kind: "latch",
      name,
      schema,
      empty: { made: "", size: 0, left: 0, openings: 0 },
    });
  }

  /**
   * Counts one down, or so many; resolves with what is left, which is never less than 0.
   *
   * @throws {TypeError} when `by` is no integer of at least 1, or another program has another count
   */
  async countDown(by = 1, options: WaitOptions = {}): Promise<number> {
    const doing = `count down latch "${this.name}"`;
    checkOptions(z.strictObject({ by: positive }), { by }, { purpose: `Cannot ${doing}` });
    return await this.#bounded(doing, options, async (signal) => {
      let left = 0;
      await this.#record.update((given) => {
        const state = given.made === "" ? this.#closed(given) : given;
        this.#check(doing, state);
        left = Math.max(0, state.left - by);
        if (left === state.left) return undefined; // it is open
        return { ...state, left, openings: state.openings + (left === 0 ? 1 : 0) };
      }, signal);
      return left;
    });
  }

  /**
   * Resolves when nothing is left.
   *
   * @throws {TypeError} when another program has another count
   * @throws {RecordDeletedError} when somebody deletes the ConfigMap meanwhile
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    const doing = `wait for latch "${this.name}"`;
    await this.#bounded(doing, options, async (signal) => {
      // what is known may be what a reset has undone since
      const first = (await this.#record.read(signal)).state;
      let { made } = first;
      const look = ({ state }: Pick<Versioned<LatchState>, "state">): true | undefined => {
        this.#check(doing, state);
        made ||= state.made;
        if (state.made !== made) {
          throw new RecordDeletedError(doing, `${this.#context.namespace}/${this.#record.object}`);
        }
        const isOpen = state.made !== "" && state.left === 0;
        return isOpen || state.openings > first.openings || undefined;
      };
      if (look({ state: first })) return;
      await this.#record.until(look, signal);
    });
  }

  /**
   * What is left.
   *
   * @throws {TypeError} when another program has another count
   */
  async count(options: WaitOptions = {}): Promise<number> {
    const doing = `read latch "${this.name}"`;
    return await this.#bounded(doing, options, async (signal) => {
      const { state } = await this.#record.read(signal);
      this.#check(doing, state);
      return state.made === "" ? this.#size : state.left;
    });
  }

  /**
   * Closes it, with the count of this program, whatever it had. Who waits is let through if it was open
   * meanwhile, and else goes on waiting; or is told by a `TypeError` that the count is another one now.
   */
  async reset(options: WaitOptions = {}): Promise<void> {
    await this.#bounded(`reset latch "${this.name}"`, options, async (signal) => {
      await this.#record.update((state) => this.#closed(state), signal);
    });
  }

  #closed({ made, openings }: LatchState): LatchState {
    const size = this.#size;
    return { made: made || shortId(), size, left: size, openings };
  }

  #check(doing: string, { made, size }: LatchState): void {
    if (made === "" || size === this.#size) return;
    throw new TypeError(
      `Cannot ${doing}: its count is ${size}, and ${this.#size} in this program`,
    );
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
