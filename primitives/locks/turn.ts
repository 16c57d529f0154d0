import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import type { SharedRecord, Versioned } from "../record/mod.ts";
import {
  type HoldersRule,
  type LockEntry,
  type LockQueue,
  placeOf,
  withoutSession,
} from "./lock_queue.ts";

/** What a {@linkcode Turn} is about. */
export interface TurnOptions {
  readonly record: SharedRecord<LockQueue>;
  /** Who waits. */
  readonly entry: LockEntry;
  readonly rule: HoldersRule;
}

/** The wait of one who stands in a queue, and its looking after those who stand before it. */
export class Turn {
  readonly #context: PrimitiveContext;
  readonly #options: TurnOptions;
  /** Sessions that are looked at, each with what ends that. */
  readonly #watched = new Map<string, AbortController>();
  #cancelReading: () => void = () => {};

  /** Nothing is looked at yet. */
  constructor(context: PrimitiveContext, options: TurnOptions) {
    this.#context = context;
    this.#options = options;
  }

  /**
   * Resolves with the version at which it was seen that the entry holds, or with nothing when it is seen that
   * it is not there any more.
   *
   * @param now a state that is not older than the entry
   */
  async wait(now: Versioned<LockQueue>, signal: AbortSignal): Promise<FencingToken | undefined> {
    const { record, entry, rule } = this.#options;
    const first = placeOf(now.state, entry, rule);
    if (!first) return undefined;
    if (first.holds) return now.version;
    const ended = new AbortController();
    const scope = anySignal([signal, ended.signal]);
    try {
      const seen = await record.until(({ state, version }) => {
        const place = placeOf(state, entry, rule);
        if (!place) return { token: undefined };
        if (place.holds) return { token: version };
        this.#follow(place.behind, scope);
        this.#readLater(place.nth, scope);
        return undefined;
      }, signal);
      return seen.token;
    } finally {
      this.#cancelReading();
      ended.abort(new Error("The wait is over"));
    }
  }

  /** Looks at those sessions, and at no others. */
  #follow(sessions: ReadonlySet<string>, signal: AbortSignal): void {
    for (const [session, stop] of this.#watched) {
      if (sessions.has(session)) continue;
      this.#watched.delete(session);
      stop.abort(new Error("Others stand before it"));
    }
    for (const session of sessions) {
      if (this.#watched.has(session)) continue;
      const stop = new AbortController();
      this.#watched.set(session, stop);
      const ended = anySignal([signal, stop.signal]);
      this.#context.background.run(this.#removeIfGone(session, ended, signal));
    }
  }

  async #removeIfGone(session: string, ended: AbortSignal, signal: AbortSignal): Promise<void> {
    const { sessions, errors } = this.#context;
    const { record, entry, rule } = this.#options;
    try {
      await sessions.gone(session, ended);
      const { state } = await record.update((state) => withoutSession(state, session), ended);
      if (ended.aborted) return;
      this.#watched.delete(session);
      // the entry of one who was stopped may come after its end
      this.#follow(placeOf(state, entry, rule)?.behind ?? new Set(), signal);
    } catch (error) {
      if (ended.aborted) return;
      errors.report(error);
      this.#watched.delete(session); // it is looked at again with the next state, or reading
    }
  }

  /** Also if nothing has changed: to remove somebody who is gone may have failed. */
  #lookAgain(nth: number, signal: AbortSignal): void {
    const { record, entry, rule } = this.#options;
    const place = record.known && placeOf(record.known.state, entry, rule);
    if (place) this.#follow(place.behind, signal);
    this.#readLater(place?.nth || nth, signal);
  }

  /** If nothing is heard for long the watch may be broken. */
  #readLater(nth: number, signal: AbortSignal): void {
    const { clock, errors, timing, background } = this.#context;
    this.#cancelReading();
    this.#cancelReading = clock.timer(timing.leaseDuration * nth, () => {
      const read = this.#options.record.read(signal).then(
        () => {},
        (error) => signal.aborted || errors.report(error),
      );
      background.run(read.then(() => signal.aborted || this.#lookAgain(nth, signal)));
    });
  }
}
