/** Pending timers in the order in which they run. */

export interface Timer {
  readonly callback: (...args: unknown[]) => void;
  readonly args: unknown[];
  readonly due: number;
  /** Of an interval; 0 for a timeout. */
  readonly period: number;
}

type Entry = Timer & { readonly id: number };

export class TimerList {
  /** By due time, of equal ones the first set first. Holds stopped ones until they are met. */
  readonly #queue: Entry[] = [];
  readonly #active: Set<number> = new Set();
  #lastId = 0;

  /** How many are active. */
  get size(): number {
    return this.#active.size;
  }

  add(timer: Timer): number {
    const id = ++this.#lastId;
    this.#active.add(id);
    this.#insert({ ...timer, id });
    return id;
  }

  delete(id: number): void {
    this.#active.delete(id);
  }

  /** When the next one is due. */
  nextDue(): number | undefined {
    while (this.#queue.length > 0 && !this.#active.has(this.#queue[0]!.id)) this.#queue.shift();
    return this.#queue[0]?.due;
  }

  /** Takes out the first one due at `time` or before; an interval is put back for its next turn. */
  takeDue(time: number): Timer | undefined {
    const due = this.nextDue();
    if (due === undefined || due > time) return undefined;
    const timer = this.#queue.shift()!;
    if (timer.period > 0) this.#insert({ ...timer, due: due + timer.period });
    else this.#active.delete(timer.id);
    return timer;
  }

  #insert(entry: Entry): void {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#queue[middle]!.due <= entry.due) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }
}
