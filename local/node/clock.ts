/**
 * Time as the node agent sees it: monotonic milliseconds for every delay, wall time only for
 * what is written into objects. All timers of one clock share one heap and one runtime timer, so
 * thousands of simulated pods cost thousands of heap entries, not thousands of timers.
 */

/** Source of time and timers. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Wall time, for timestamps in objects and logs. */
  date(): Date;
  /** Calls `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

interface Entry {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Binary heap of timers ordered by due time, then by order of creation. */
export class TimerHeap {
  #entries: Entry[] = [];
  #order = 0;

  /** Adds a timer that is due at `due`; the returned function cancels it. */
  add(due: number, callback: () => void): () => void {
    const entry: Entry = { due, order: this.#order++, callback };
    this.#entries.push(entry);
    this.#up(this.#entries.length - 1);
    return () => {
      entry.callback = undefined;
      this.#dropCancelled();
    };
  }

  /** When the next timer is due, or undefined when there is none. */
  get nextDue(): number | undefined {
    return this.#entries[0]?.due;
  }

  /** Takes the callback of the earliest timer due at or before `now`. */
  take(now: number): (() => void) | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.due > now) return undefined;
    this.#pop();
    this.#dropCancelled();
    return first.callback;
  }

  #dropCancelled(): void {
    while (this.#entries[0] !== undefined && this.#entries[0].callback === undefined) this.#pop();
  }

  #pop(): void {
    const last = this.#entries.pop()!;
    if (this.#entries.length > 0) {
      this.#entries[0] = last;
      this.#down(0);
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#entries[a]!, y = this.#entries[b]!;
    return x.due < y.due || (x.due === y.due && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    [this.#entries[a], this.#entries[b]] = [this.#entries[b]!, this.#entries[a]!];
  }

  #up(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(index: number): void {
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#entries.length && this.#before(child, least)) least = child;
      }
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }
}

/** Longest delay given to the runtime at once: `setTimeout` overflows above 2^31 ms. */
const MAX_TIMEOUT_MS = 2 ** 30;

/** The machine's clock; one runtime timer, however many are waiting. */
export class SystemClock implements Clock {
  #heap = new TimerHeap();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDue = Infinity;

  /** Monotonic milliseconds since the process started. */
  now(): number {
    return performance.now();
  }

  /** The machine's wall time. */
  date(): Date {
    return new Date();
  }

  /** Calls `callback` once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void {
    const cancel = this.#heap.add(this.now() + Math.max(0, ms), callback);
    this.#arm();
    return () => {
      cancel();
      this.#arm();
    };
  }

  #arm(): void {
    const due = this.#heap.nextDue ?? Infinity;
    if (due === this.#timerDue) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Infinity) return;
    const ms = Math.min(Math.max(0, Math.ceil(due - this.now())), MAX_TIMEOUT_MS);
    const timer = setTimeout(() => {
      // Deno 2.4 runs timers that were cleared in the turn in which they were due.
      if (timer === this.#timer) this.#fire();
    }, ms);
    this.#timer = timer;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    const now = this.now();
    for (let run = this.#heap.take(now); run !== undefined; run = this.#heap.take(now)) run();
    this.#arm();
  }
}

/** The clock that is used unless another is given; shared, so that all agents share one timer. */
export const systemClock: Clock = new SystemClock();

/** A clock that moves only when told, for tests. */
export class ManualClock implements Clock {
  #heap = new TimerHeap();
  #now = 0;
  #epoch: number;

  /** Starts at monotonic 0 and wall time `start`. */
  constructor(start: Date = new Date("2030-01-01T00:00:00Z")) {
    this.#epoch = start.getTime();
  }

  /** Milliseconds advanced so far. */
  now(): number {
    return this.#now;
  }

  /** Start time plus what was advanced. */
  date(): Date {
    return new Date(this.#epoch + this.#now);
  }

  /** Calls `callback` once, when `advance` reaches that time. */
  after(ms: number, callback: () => void): () => void {
    return this.#heap.add(this.#now + Math.max(0, ms), callback);
  }

  /** Moves time by `ms`, runs what becomes due in order and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let due = this.#heap.nextDue; due !== undefined && due <= end; due = this.#heap.nextDue) {
      this.#now = Math.max(this.#now, due);
      this.#heap.take(this.#now)?.();
      await settle();
    }
    this.#now = end;
  }
}

/** One turn of the event loop: every promise that can settle by itself has settled after it. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits `ms` on `clock`; rejects with the signal's reason as soon as it aborts. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal!.reason);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
