/** When an operation was called and when it returned, as places in the order of all calls and returns. */
export interface Interval {
  readonly call: number;
  /** Infinity if it has not returned. */
  readonly return: number;
}

/** A call or a return in the list of what has no place yet. */
export interface Entry {
  readonly operation: number;
  readonly isCall: boolean;
  readonly position: number;
  previous: Entry;
  next: Entry;
}

/**
 * Calls and returns of operations that have no place in the linearization yet, in order of time.
 * What is lifted out goes back to where it was, if it goes back in reverse order.
 */
export class EntryList {
  readonly #head: Entry;
  readonly #calls: Entry[] = [];
  readonly #returns: Entry[] = [];

  /** All of these operations, none lifted. They have returned. */
  constructor(intervals: readonly Interval[]) {
    this.#head = sentinel();
    intervals.forEach((interval, operation) => {
      this.#calls[operation] = detached(operation, true, interval.call);
      this.#returns[operation] = detached(operation, false, interval.return);
    });
    const ordered = [...this.#calls, ...this.#returns].sort((a, b) => a.position - b.position);
    for (const entry of ordered) {
      entry.previous = this.#head.previous;
      entry.next = this.#head;
      relink(entry);
    }
  }

  /** The earliest call; undefined if all are lifted. */
  get first(): Entry | undefined {
    return this.#head.next === this.#head ? undefined : this.#head.next;
  }

  /** Takes an operation's call and return out. */
  lift(operation: number): void {
    unlink(this.#calls[operation]!);
    unlink(this.#returns[operation]!);
  }

  /** Puts the operation back that was lifted last. */
  putBack(operation: number): void {
    relink(this.#returns[operation]!);
    relink(this.#calls[operation]!);
  }
}

function detached(operation: number, isCall: boolean, position: number): Entry {
  const entry = { operation, isCall, position } as Entry;
  entry.previous = entry.next = entry;
  return entry;
}

function sentinel(): Entry {
  return detached(-1, false, Infinity);
}

function unlink(entry: Entry): void {
  entry.previous.next = entry.next;
  entry.next.previous = entry.previous;
}

function relink(entry: Entry): void {
  entry.previous.next = entry;
  entry.next.previous = entry;
}
