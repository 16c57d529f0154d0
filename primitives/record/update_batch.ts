import type { FencingToken } from "../fencing/fencing_token.ts";
import type { Snapshot } from "./record_object.ts";
import type { Versioned } from "./record_view.ts";

/** What a caller makes of a state: the new one, or nothing to leave it as it is. */
export type Decide<S> = (state: S, version: FencingToken) => S | undefined;

/** What a batch makes of a state. */
export interface Decided<S> {
  readonly state: S;
  readonly changed: boolean;
  /** Whether one of them has thrown or changed nothing. */
  readonly unchanged: boolean;
}

/** A call of `update` that waits. */
export class PendingUpdate<S> {
  readonly decide: Decide<S>;
  /** Whether a write with what it decided may have been sent, and is not known to have been refused. */
  sent = false;
  /** What its last decision has thrown. */
  failed: { error: unknown } | undefined;
  /** Whether its last decision was a change. */
  changes = false;
  /** The batch that it is done with, once it is its turn. */
  batch: UpdateBatch<S> | undefined;
  readonly #outcome = Promise.withResolvers<Versioned<S>>();
  #settled = false;

  /** It waits for its turn. */
  constructor(decide: Decide<S>) {
    this.decide = decide;
  }

  /** Settles with what becomes of it. */
  get outcome(): Promise<Versioned<S>> {
    return this.#outcome.promise;
  }

  /** Whether its caller knows, or does not want to. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Tells the caller that it is done: the state is that, or what was thrown. */
  done(now: Versioned<S>): void {
    this.#settled = true;
    if (this.failed) this.#outcome.reject(this.failed.error);
    else this.#outcome.resolve(now);
  }

  /** Tells the caller that nothing comes of it. */
  fail(error: unknown): void {
    this.#settled = true;
    this.#outcome.reject(error);
    this.batch?.left();
  }
}

/** Updates that are written together. */
export class UpdateBatch<S> {
  readonly #pending: readonly PendingUpdate<S>[];
  readonly #ended = new AbortController();

  /** Takes them on, in their order. */
  constructor(pending: readonly PendingUpdate<S>[]) {
    this.#pending = pending;
    for (const it of pending) it.batch = this;
    this.left();
  }

  /** Aborts when all callers have gone. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Lets all decide, one after another, each by what those before it have made of the state. */
  decide(base: Snapshot<S>): Decided<S> {
    let state = base.state;
    let changed = false;
    let unchanged = false;
    for (const it of this.#pending) {
      it.failed = undefined;
      it.changes = false;
      if (it.settled) continue;
      try {
        const next = it.decide(state, base.version);
        it.changes = next !== undefined;
        if (next !== undefined) state = next;
      } catch (error) {
        it.failed = { error };
      }
      changed ||= it.changes;
      unchanged ||= !it.changes;
    }
    return { state, changed, unchanged };
  }

  /** Notes whether what was decided may have been stored. */
  sent(sent: boolean): void {
    for (const it of this.#pending) it.sent = sent && it.changes;
  }

  /** All are done. */
  done(now: Versioned<S>): void {
    for (const it of this.#pending) it.done(now);
  }

  /** None is done. */
  fail(error: unknown): void {
    for (const it of this.#pending) it.fail(error);
  }

  /** Whether one has gone whose change was decided. */
  hasLeft(): boolean {
    return this.#pending.some((it) => it.settled && it.changes);
  }

  /** One of the callers has gone. */
  left(): void {
    if (this.#pending.every((it) => it.settled)) {
      this.#ended.abort(new Error("Nobody waits for it"));
    }
  }
}
