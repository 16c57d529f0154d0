/**
 * What happened to one collection, newest last, in a ring of fixed size. Watches replay from it;
 * lists at an older revision are made by undoing it. What fell out of the ring is compacted:
 * asking for it is 410 Gone.
 */
import type { EventType, Stored } from "./stored.ts";

/** One write. */
export interface HistoryEvent {
  readonly type: EventType;
  /** The state after the write; for DELETED the last state, with the deletion's revision. */
  readonly stored: Stored;
  /** The state before the write. */
  readonly previous: Stored | undefined;
  readonly revision: number;
}

/** A bounded log of writes in order of revision. */
export class History {
  readonly #limit: number;
  #ring: HistoryEvent[] = [];
  #start = 0;
  #compacted = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The revision of the newest write that is forgotten; older states cannot be told. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Appends a write. */
  push(event: HistoryEvent): void {
    if (this.#ring.length < this.#limit) {
      this.#ring.push(event);
      return;
    }
    this.#compacted = this.#at(0).revision;
    this.#ring[this.#start] = event;
    this.#start = (this.#start + 1) % this.#limit;
  }

  /** Forgets all writes up to and including a revision. */
  compact(revision: number): void {
    const kept = [...this.since(revision)];
    this.#ring = kept;
    this.#start = 0;
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** Writes after a revision, oldest first. */
  *since(revision: number): Generator<HistoryEvent> {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(middle).revision <= revision) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#ring.length; i++) yield this.#at(i);
  }

  /** Writes after a revision, newest first. */
  *backTo(revision: number): Generator<HistoryEvent> {
    for (let i = this.#ring.length - 1; i >= 0; i--) {
      const event = this.#at(i);
      if (event.revision <= revision) return;
      yield event;
    }
  }

  #at(index: number): HistoryEvent {
    const event = this.#ring[(this.#start + index) % this.#ring.length];
    if (!event) throw new RangeError(`Cannot read event ${index}: ${this.#ring.length} are kept`);
    return event;
  }
}
