import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import { type SharedRecord, UnknownOutcomeError } from "../record/mod.ts";
import { SessionLostError } from "../session/mod.ts";
import { bounded, pause, unlessAborted, type WaitOptions } from "../waiting.ts";
import {
  type Arrival,
  barrierSchema,
  type BarrierState,
  NO_BARRIER,
  placeOf,
  suspectsOf,
  withConfirmed,
  without,
  withParty,
} from "./barrier_state.ts";
import { Departures } from "./departures.ts";
import { keepTrying } from "./keep_trying.ts";
import { RecordDeletedError } from "./record_deleted_error.ts";
import { shortId } from "./short_id.ts";

/** Each stands in the record, with some 80 bytes, and writes it twice. */
const MAX_PARTIES = 1_000;

/** When all have come they confirm within milliseconds; who has not after this time is suspected, in milliseconds. */
const PATIENCE_MS = 1_000;

/** How much longer than their leases those are waited for who wait for another number, in milliseconds. */
const DEATH_MARGIN_MS = 2_000;

const optionsSchema = z.strictObject({
  parties: z.int().min(1).max(MAX_PARTIES).describe(`an integer from 1 to ${MAX_PARTIES}`),
});

/** One call of `arrive`. */
interface Visit {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly departures: Departures;
  /** Which object it has arrived in, and at which generation it was last seen waiting; nothing before it came. */
  seen?: { readonly made: string; readonly generation: number };
  /** Whether its confirmation may have been written, so that the barrier may open for it. */
  hasConfirmed: boolean;
}

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
    const { clock, sessions, signal: life } = this.#context;
    const doing = this.#doing;
    // one watch for all that is waited for
    const stop = this.#record.watch(() => {});
    try {
      return await bounded({ ...options, clock, doing, life }, async (signal) => {
        using departures = new Departures(sessions, signal);
        const id = shortId();
        const visit: Visit = { id, signal, departures, hasConfirmed: false };
        try {
          return await this.#attend(visit, await this.#enter(visit));
        } catch (error) {
          // also if it was ended while a write was under way: whether that counts is found out
          const inDoubt = error instanceof UnknownOutcomeError;
          return await this.#leave(visit, signal.aborted ? signal.reason : error, { inDoubt });
        }
      });
    } finally {
      stop();
    }
  }

  get #doing(): string {
    return `arrive at barrier "${this.name}"`;
  }

  get #cannotTell(): string {
    return `Cannot tell whether barrier "${this.name}" has opened for this party`;
  }

  /** Adds the party. */
  async #enter(visit: Visit): Promise<BarrierState> {
    const { clock, sessions, timing } = this.#context;
    const { id, signal, departures } = visit;
    const parties = this.#parties;
    const deadline = clock.now() + timing.leaseDuration + DEATH_MARGIN_MS;
    let dead: string | undefined;
    for (;;) {
      const { name: session } = await sessions.own(signal);
      let others: BarrierState | undefined;
      const { state } = await this.#record.update((given) => {
        const rest = without(given, (it) => it.session === dead) ?? given;
        const isOther = rest.waiting.length > 0 && rest.parties !== parties;
        others = isOther ? rest : undefined;
        if (isOther) return rest === given ? undefined : rest;
        const made = rest.made || shortId();
        visit.seen = { made, generation: rest.generation };
        const next = withParty({ ...rest, made, parties }, { id, session });
        visit.hasConfirmed ||= isCounted(next, id);
        return next;
      }, signal);
      if (!others) return state;
      const gone = departures.first([...new Set(others.waiting.map((it) => it.session))]);
      dead = await this.#until(deadline, gone, signal);
      if (dead === undefined) {
        throw new TypeError(
          `Cannot ${this.#doing} of ${parties} parties: others wait for ${others.parties} parties`,
        );
      }
    }
  }

  /** What it resolves with, or nothing if that is later. */
  async #until<T>(
    deadline: number,
    promise: Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { clock } = this.#context;
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const late = pause(clock, Math.max(0, deadline - clock.now()), until).then(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      over.abort(new Error("It has resolved"));
    }
  }

  /** Does what is to be done until the barrier opens. */
  async #attend(visit: Visit, entered: BarrierState): Promise<Arrival> {
    const { id, signal } = visit;
    for (let state = entered;;) {
      const place = placeOf(state, id);
      if (place.type === "opened") return place.arrival;
      if (place.type === "missing") throw this.#missing(state, visit.seen!);
      visit.seen = { made: state.made, generation: state.generation };
      const session = await this.#context.sessions.own(signal);
      if (place.isDue || place.party.session !== session.name) {
        state = await this.#confirm(visit, session.name);
        continue;
      }
      const dead = await this.#change(visit, state, session.signal);
      if (dead === undefined) state = this.#record.known!.state;
      else {state = await this.#update(visit, (it) =>
          without(it, (party) =>
            party.session === dead));}
    }
  }

  /** Confirms if it is time, and names the session that the process has now. */
  async #confirm(visit: Visit, session: string): Promise<BarrierState> {
    return await this.#update(visit, (state) => {
      const place = placeOf(state, visit.id);
      if (place.type !== "waiting") return undefined;
      if (!place.isDue && place.party.session === session) return undefined;
      const next = withConfirmed(state, visit.id, session);
      visit.hasConfirmed ||= isCounted(next, visit.id);
      return next;
    });
  }

  async #update(
    { signal }: Visit,
    decide: (state: BarrierState) => BarrierState | undefined,
  ): Promise<BarrierState> {
    return (await this.#record.update(decide, signal)).state;
  }

  /**
   * Resolves when there is something to do by a later state, or the session is over; with the name of
   * another's session when that is gone.
   */
  async #change(
    { id, signal, departures }: Visit,
    state: BarrierState,
    session: AbortSignal,
  ): Promise<string | undefined> {
    const over = new AbortController();
    const until = AbortSignal.any([signal, session, over.signal]);
    const before = suspectsOf(state, id).join();
    const changed = this.#record.until(({ state: now }) => {
      const place = placeOf(now, id);
      const isSame = now.made === state.made && place.type === "waiting" && !place.isDue &&
        suspectsOf(now, id).join() === before;
      return isSame ? undefined : true;
    }, until).then(() => undefined);
    try {
      return await Promise.race([changed, this.#death(suspectsOf(state, id), departures, until)]);
    } catch (error) {
      signal.throwIfAborted();
      if (session.aborted) return undefined;
      throw error;
    } finally {
      over.abort(new Error("The state has changed"));
    }
  }

  /** The first of those who are suspected that is gone. */
  async #death(
    suspects: readonly string[],
    departures: Departures,
    signal: AbortSignal,
  ): Promise<string> {
    const isNew = suspects.some((it) => !departures.watches(it));
    if (isNew) await pause(this.#context.clock, PATIENCE_MS, signal);
    return await unlessAborted(signal, departures.first(suspects));
  }

  /** Why a party is not there any more. */
  #missing(state: BarrierState, last: { made: string; generation: number }): Error {
    if (state.made !== last.made) {
      return new RecordDeletedError(
        this.#doing,
        `${this.#context.namespace}/${this.#record.object}`,
      );
    }
    if (state.generation > last.generation + state.opened.length) {
      const times = state.generation - last.generation;
      return new UnknownOutcomeError(`${this.#cannotTell}: it has opened ${times} times since`);
    }
    return new SessionLostError(
      `Cannot ${this.#doing}: the session of this process was gone, so it was taken out`,
    );
  }

  /** Takes the party out. Resolves if the barrier has opened for it all the same, else throws the error. */
  async #leave(
    visit: Visit,
    error: unknown,
    { inDoubt }: { inDoubt: boolean },
  ): Promise<Arrival> {
    const { clock, signal: life, timing } = this.#context;
    if (!visit.seen) throw error;
    const { id, seen } = visit;
    const outcomeIn = (state: BarrierState): Arrival | UnknownOutcomeError | undefined => {
      const place = placeOf(state, id);
      if (place.type === "opened") return place.arrival;
      const why = place.type === "missing" ? this.#missing(state, seen) : undefined;
      return why instanceof UnknownOutcomeError ? why : undefined;
    };
    let outcome: Arrival | UnknownOutcomeError | undefined;
    const left = keepTrying(this.#context, () =>
      this.#record.update((state) => {
        outcome = outcomeIn(state);
        const rest = without(state, (it) => it.id === id);
        return rest ?? (inDoubt ? state : undefined); // so an arrival that is still on its way is refused
      }, life)).then(() => outcome);
    left.catch(() => {}); // it is tried again
    if (!visit.hasConfirmed) throw error;
    try {
      const doing = `leave barrier "${this.name}"`;
      const timeout = 2 * timing.requestTimeout; // one may be under way
      outcome = await bounded({ clock, life, doing, timeout }, (signal) => {
        const told = this.#record.until(({ state }) => outcomeIn(state), signal);
        return Promise.race([unlessAborted(signal, left), told]);
      });
    } catch {
      throw new UnknownOutcomeError(`${this.#cannotTell}: no answer came`, { cause: error });
    }
    if (outcome === undefined) throw error;
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }
}

/** Whether the barrier may open for it, or has, without its doing anything more. */
function isCounted(state: BarrierState, id: string): boolean {
  const place = placeOf(state, id);
  return place.type === "opened" || place.type === "waiting" && place.party.confirmed;
}
