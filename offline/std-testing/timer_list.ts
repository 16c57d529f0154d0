/** Pending timers in the order in which they run. */

export interface Timer {
  readonly callback: (...args: unknown[]) => void;
  readonly args: unknown[];
  readonly due: number;
  /** Of an interval; 0 for a timeout. */
  readonly period: number;
}

/** `order` counts what was put in, so that of timers with one due time the first set runs first. */
type Entry = Timer & { readonly id: number; readonly order: number };

export class TimerList {
  /** A binary heap: no entry comes before its parent. Holds stopped ones until they are met. */
  readonly #heap: Entry[] = [];
  readonly #active: Set<number> = new Set();
  #lastId = 0;
  #lastOrder = 0;

  /** How many are active. */
  get size(): number {
    return this.#active.size;
  }

  add(timer: Timer): number {
    const id = ++this.#lastId;
    this.#active.add(id);
    this.#insert({ ...timer, id, order: ++this.#lastOrder });
    return id;
  }

  delete(id: number): void {
    this.#active.delete(id);
  }

  /** When the next one is due. */
  nextDue(): number | undefined {
    while (this.#heap.length > 0 && !this.#active.has(this.#heap[0]!.id)) this.#takeFirst();
    return this.#heap[0]?.due;
  }

  /** Takes out the first one due at `time` or before; an interval is put back for its next turn. */
  takeDue(time: number): Timer | undefined {
    const due = this.nextDue();
    if (due === undefined || due > time) return undefined;
    const timer = this.#takeFirst();
    if (timer.period > 0) {
      this.#insert({ ...timer, due: due + timer.period, order: ++this.#lastOrder });
    } else this.#active.delete(timer.id);
    return timer;
  }

  #insert(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #takeFirst(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const entry = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
