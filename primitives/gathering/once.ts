import type { z } from "zod";
import { anySignal } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import { type FencingToken, StaleTokenError } from "../fencing/fencing_token.ts";
import { type SharedRecord, UnknownOutcomeError } from "../record/mod.ts";
import type { Session } from "../session/session.ts";
import { bounded, pause, unlessAborted, type WaitOptions } from "../waiting.ts";
import { keepTrying } from "./keep_trying.ts";
import { OnceResults } from "./once_results.ts";
import { NOT_DONE, onceSchema, type OnceState } from "./once_state.ts";
import { type Turn, turnOf } from "./once_turn.ts";
import { shortId } from "./short_id.ts";

/** Those who wait are kept apart by up to so many milliseconds when it is their turn, as candidates are. */
const SPREAD_MS = 50;

/**
 * Something that one of many processes does, once, and whose result all get.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 * import { z } from "zod";
 *
 * await using primitives = await Primitives.create();
 * const migration = primitives.once("migrate-7", z.object({ rows: z.int() }));
 * const { rows } = await migration.run(async (turn) => {
 *   const rows = [3, 1, 2];
 *   for (const row of rows) {
 *     turn.throwIfOver(); // ends what another process does again
 *     await Promise.resolve(row); // a write, with `fence: turn` where it is one of a KeyValue
 *   }
 *   return { rows: rows.length };
 * });
 * console.log(rows); // 3, in all programs that run it
 * ```
 *
 * ## Flow
 *
 * Who calls `run` reads one record (ConfigMap `troupe-once-<name>`). If the result stands there, that is all. If
 * nobody is at it, it writes itself into it and calls its function; then it writes the result. Who
 * finds another one at it watches the record, and the other's session; if that is gone, or if the function
 * failed, one of those who wait is next.
 *
 * ## Guarantees
 *
 * - At most one result is ever stored (until `reset`), and all calls of `run` that resolve have it, as
 *   the schema reads it from JSON; the caller whose function made it too.
 * - At any time one call at most has a turn that is to be trusted, as `turn.throwIfOver()` judges it. Its
 *   `token` is higher than those of all turns before.
 * - A doer that lost its session cannot complete: its result is refused, by itself or, as another one may have begun,
 *   in the same atomic write that would store it. Its caller gets a `SessionLostError` or a `StaleTokenError`.
 * - If the function throws, or its result is refused, its own caller gets that error, and somebody who waits
 *   tries next. Errors are not stored: whoever calls `run` later tries again too.
 * - A doer that died is followed within `leaseDuration` and some 2 s, by one of those who wait.
 *
 * ## Assumptions and caveats
 *
 * - The function may have run several times, in part or wholly, where doers died or failed: "once" is said
 *   of its result. What it does elsewhere is to be safe to be done again, or guarded by the token (`Fence`, `KeyValue`).
 * - `run` that is ended (signal, timeout) while its function runs aborts `turn.signal` and waits for the
 *   function; if that completes all the same, its result is stored and counts.
 * - A function that takes long while the API server is away for more than `renewDeadline` loses its turn.
 * - A function that calls `run` of the same `Once` waits for itself.
 * - The result stays until `reset`: a new version of the work has a new name, as a rule. Results that
 *   the schema refuses are an error of those who read them.
 * - Who deletes the ConfigMap lets it be done again: those who wait are next at once, and the result of who is
 *   at it is refused.
 *
 * ## Errors
 *
 * What the function throws; `TypeError` for a result that the schema does not take back from JSON and `RangeError`
 * for one of more than 512 KiB, with nothing written; `SessionLostError`, `StaleTokenError`, see above; `RecordError`
 * for a stored result that the schema refuses; `UnknownOutcomeError` when the session was lost while the
 * result was being written: then it was stored or is done again. The signal's reason, or a `DOMException` named
 * `"TimeoutError"`, when `run` was ended.
 *
 * ## Cost
 *
 * Who does it sends a read and two writes, and has a watch; who finds it done one read. Who waits has two connections (the
 * record's and the session's), for which it sends a read and two lists, and sends nothing until it is done. When a doer
 * fails each of n that wait sends at most 3 requests: they are spread over 50 ms, and the first one is next.
 *
 * `Primitives.once` makes it.
 */
export class Once<Out, In = Out> {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<OnceState>;
  readonly #results: OnceResults<Out, In>;

  /** Its name; all who share it say the same. */
  readonly name: string;

  /**
   * Nothing is sent yet.
   *
   * @param schema what the result must be, which is what JSON becomes by it
   * @throws {TypeError} when no object can have that name
   */
  constructor(context: PrimitiveContext, name: string, schema: z.ZodType<Out, In>) {
    this.name = checkName("once", name);
    this.#results = new OnceResults(this.name, schema);
    this.#context = context;
    this.#record = context.records.get({
      kind: "once",
      name,
      schema: onceSchema,
      empty: NOT_DONE,
    });
  }

  /**
   * Resolves with the result; calls `work` to make it if nobody has made it, and nobody is at it.
   *
   * @throws {TypeError} when the schema does not take the result back from JSON
   * @throws {RangeError} when the result takes more than 512 KiB
   * @throws {SessionLostError} when this process was taken for dead while it was at it
   * @throws {StaleTokenError} when it was found dead, or the ConfigMap was deleted, while it was at it
   * @throws {RecordError} when the result that others have stored is none that the schema takes
   */
  async run(work: (turn: Turn) => In | Promise<In>, options: WaitOptions = {}): Promise<Out> {
    const { clock, random, signal: life } = this.#context;
    const doing = `run once "${this.name}"`;
    return await bounded({ ...options, clock, doing, life }, async (signal) => {
      const { state } = await this.#record.read(signal);
      if (state.result) return this.#results.parse(state.result);
      // one watch for all that is waited for
      const stop = this.#record.watch(() => {});
      try {
        let gone: string | undefined;
        for (;;) {
          const { doer, result } = this.#record.known!.state;
          if (result) return this.#results.parse(result);
          if (!doer || doer.session === gone) {
            const done = await this.#claim(work, gone, signal);
            if (done) return done.value;
          }
          gone = await this.#otherIsOver(signal);
          if (!this.#record.known!.state.result) await pause(clock, random() * SPREAD_MS, signal);
        }
      } finally {
        stop();
      }
    });
  }

  /** Forgets the result, so that the next one who calls `run` does it again; who is at it is not disturbed. */
  async reset(options: WaitOptions = {}): Promise<void> {
    const { clock, signal: life } = this.#context;
    const doing = `reset once "${this.name}"`;
    await bounded({ ...options, clock, doing, life }, async (signal) => {
      await this.#record.update((it) => it.result ? { ...it, result: null } : undefined, signal);
    });
  }

  /** Resolves when nobody is at it any more, or another one; if that is so by its death, with its session. */
  async #otherIsOver(signal: AbortSignal): Promise<string | undefined> {
    const over = new AbortController();
    const until = anySignal([signal, over.signal]);
    const doer = this.#record.known!.state.doer;
    if (doer === null) return undefined;
    const changed = this.#record.until(
      ({ state }) => state.doer?.id === doer.id ? undefined : true,
      until,
    );
    const died = this.#context.sessions.gone(doer.session, until);
    try {
      return await Promise.race([
        changed.then(() => undefined),
        died.then(() => doer.session),
      ]);
    } finally {
      over.abort(new Error("It is over"));
    }
  }

  /** Does it, unless somebody else is faster. */
  async #claim(
    work: (turn: Turn) => In | Promise<In>,
    gone: string | undefined,
    signal: AbortSignal,
  ): Promise<{ value: Out } | undefined> {
    const session = await this.#context.sessions.own(signal);
    const id = shortId();
    let token: FencingToken;
    try {
      const now = await this.#record.update(({ doer, result }) => {
        if (result || doer && doer.session !== gone) return undefined;
        return { doer: { id, session: session.name }, result };
      }, signal);
      if (now.state.doer?.id !== id) return undefined;
      token = now.version;
    } catch (error) {
      const inDoubt = error instanceof UnknownOutcomeError;
      void this.#giveBack(id, { inDoubt });
      signal.throwIfAborted(); // also if a write is under way: nothing was done
      throw error;
    }
    const scope = `once/${this.#context.namespace}/${this.name}`;
    const turn = turnOf(session, { scope, token, ended: signal });
    return await this.#perform(work, { id, session, turn });
  }

  async #perform(
    work: (turn: Turn) => In | Promise<In>,
    { id, session, turn }: { id: string; session: Session; turn: Turn },
  ): Promise<{ value: Out }> {
    try {
      const result = this.#results.toStored(await work(turn));
      session.throwIfOver();
      await this.#complete(id, turn.token, { result, session });
      return { value: this.#results.parse(result) };
    } catch (error) {
      const back = this.#giveBack(id);
      // who waits knows of it when the caller does, if there is no trouble
      await unlessAborted(turn.signal, back).catch(() => {});
      throw error;
    }
  }

  /** Stores the result, if this is still the one that is at it. */
  async #complete(
    id: string,
    token: FencingToken,
    { result, session }: { result: { value?: unknown }; session: Session },
  ): Promise<void> {
    const signal = anySignal([this.#context.signal, session.signal]);
    await this.#record.update(({ doer }, version) => {
      if (doer?.id === id) return { doer: null, result };
      throw new StaleTokenError(
        `Cannot complete once "${this.name}": ` +
          (doer === null ? "its turn was taken away" : "another one is at it"),
        { token, highest: version },
      );
    }, signal);
  }

  /** Lets others try. Goes on when nobody waits for it. */
  #giveBack(id: string, { inDoubt = false } = {}): Promise<unknown> {
    const { signal } = this.#context;
    return keepTrying(this.#context, () =>
      this.#record.update((it) => {
        if (it.doer?.id === id) return { ...it, doer: null };
        return inDoubt ? it : undefined; // so a claim that is still on its way is refused
      }, signal));
  }
}
