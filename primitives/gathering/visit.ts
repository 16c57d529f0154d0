import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import { type SharedRecord, UnknownOutcomeError } from "../record/mod.ts";
import { SessionLostError } from "../session/mod.ts";
import { bounded, pause, unlessAborted } from "../waiting.ts";
import {
  type Arrival,
  type BarrierState,
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

/** When all have come they confirm within milliseconds; who has not after this time is suspected, in milliseconds. */
const PATIENCE_MS = 1_000;

/** How much longer than their leases those are waited for who wait for another number, in milliseconds. */
const DEATH_MARGIN_MS = 2_000;

/** What a {@linkcode Visit} is of. */
export interface VisitOptions {
  readonly record: SharedRecord<BarrierState>;
  /** Of the barrier. */
  readonly name: string;
  /** How many open it. */
  readonly parties: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** One call of `Barrier.arrive`. */
export class Visit {
  readonly #context: PrimitiveContext;
  readonly #record: SharedRecord<BarrierState>;
  readonly #name: string;
  readonly #parties: number;
  readonly #signal: AbortSignal;
  readonly #departures: Departures;
  readonly #id = shortId();
  /** Which object it has arrived in, and at which generation it was last seen waiting; nothing before it came. */
  #seen: { readonly made: string; readonly generation: number } | undefined;
  /** Whether its confirmation may have been written, so that the barrier may open for it. */
  #hasConfirmed = false;

  /** Nothing is sent yet. */
  constructor(context: PrimitiveContext, { record, name, parties, signal }: VisitOptions) {
    this.#context = context;
    this.#record = record;
    this.#name = name;
    this.#parties = parties;
    this.#signal = signal;
    this.#departures = new Departures(context.sessions, signal);
  }

  /** Arrives, and does what is to be done until the barrier opens. Who calls it watches the record. */
  async arrive(): Promise<Arrival> {
    using _departures = this.#departures;
    const signal = this.#signal;
    try {
      return await this.#attend(await this.#enter());
    } catch (error) {
      // also if it was ended while a write was under way: whether that counts is found out
      const inDoubt = error instanceof UnknownOutcomeError;
      return await this.#leave(signal.aborted ? signal.reason : error, { inDoubt });
    }
  }

  get #doing(): string {
    return `arrive at barrier "${this.#name}"`;
  }

  get #cannotTell(): string {
    return `Cannot tell whether barrier "${this.#name}" has opened for this party`;
  }

  /** Adds the party. */
  async #enter(): Promise<BarrierState> {
    const { clock, sessions, timing } = this.#context;
    const id = this.#id;
    const signal = this.#signal;
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
        this.#seen = { made, generation: rest.generation };
        const next = withParty({ ...rest, made, parties }, { id, session });
        this.#hasConfirmed ||= isCounted(next, id);
        return next;
      }, signal);
      if (!others) return state;
      const gone = this.#departures.first([...new Set(others.waiting.map((it) => it.session))]);
      dead = await this.#until(deadline, gone);
      if (dead === undefined) {
        throw new TypeError(
          `Cannot ${this.#doing} of ${parties} parties: others wait for ${others.parties} parties`,
        );
      }
    }
  }

  /** What it resolves with, or nothing if that is later. */
  async #until<T>(deadline: number, promise: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#context;
    const over = new AbortController();
    const until = anySignal([this.#signal, over.signal]);
    const late = pause(clock, Math.max(0, deadline - clock.now()), until).then(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      over.abort(new Error("It has resolved"));
    }
  }

  /** Does what is to be done until the barrier opens. */
  async #attend(entered: BarrierState): Promise<Arrival> {
    for (let state = entered;;) {
      const place = placeOf(state, this.#id);
      if (place.type === "opened") return place.arrival;
      if (place.type === "missing") throw this.#missing(state, this.#seen!);
      this.#seen = { made: state.made, generation: state.generation };
      const session = await this.#context.sessions.own(this.#signal);
      if (place.isDue || place.party.session !== session.name) {
        state = await this.#confirm(session.name);
        continue;
      }
      const dead = await this.#change(state, session.signal);
      if (dead === undefined) state = this.#record.known!.state;
      else state = await this.#update((it) => without(it, ({ session }) => session === dead));
    }
  }

  /** Confirms if it is time, and names the session that the process has now. */
  async #confirm(session: string): Promise<BarrierState> {
    return await this.#update((state) => {
      const place = placeOf(state, this.#id);
      if (place.type !== "waiting") return undefined;
      if (!place.isDue && place.party.session === session) return undefined;
      const next = withConfirmed(state, this.#id, session);
      this.#hasConfirmed ||= isCounted(next, this.#id);
      return next;
    });
  }

  async #update(
    decide: (state: BarrierState) => BarrierState | undefined,
  ): Promise<BarrierState> {
    return (await this.#record.update(decide, this.#signal)).state;
  }

  /**
   * Resolves when there is something to do by a later state, or the session is over; with the name of
   * another's session when that is gone.
   */
  async #change(state: BarrierState, session: AbortSignal): Promise<string | undefined> {
    const id = this.#id;
    const signal = this.#signal;
    const over = new AbortController();
    const until = anySignal([signal, session, over.signal]);
    const before = suspectsOf(state, id).join();
    const changed = this.#record.until(({ state: now }) => {
      const place = placeOf(now, id);
      const isSame = now.made === state.made && place.type === "waiting" && !place.isDue &&
        suspectsOf(now, id).join() === before;
      return isSame ? undefined : true;
    }, until).then(() => undefined);
    try {
      return await Promise.race([changed, this.#death(suspectsOf(state, id), until)]);
    } catch (error) {
      signal.throwIfAborted();
      if (session.aborted) return undefined;
      throw error;
    } finally {
      over.abort(new Error("The state has changed"));
    }
  }

  /** The first of those who are suspected that is gone. */
  async #death(suspects: readonly string[], signal: AbortSignal): Promise<string> {
    const departures = this.#departures;
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
  async #leave(error: unknown, { inDoubt }: { inDoubt: boolean }): Promise<Arrival> {
    const { clock, signal: life, timing } = this.#context;
    const id = this.#id;
    const seen = this.#seen;
    if (!seen) throw error;
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
    if (!this.#hasConfirmed) throw error;
    try {
      const doing = `leave barrier "${this.#name}"`;
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
