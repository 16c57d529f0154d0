/** Something that happens at its time, unless it is cleared before. */
export interface Deadline {
  /** Lets it not happen. */
  clear(): void;
}

/** An entry of a ring: all of a ring have the same duration, so that they are due in its order. */
class Entry implements Deadline {
  previous: Entry = this;
  next: Entry = this;
  constructor(readonly ring: Ring, readonly due: number, readonly fire: () => void) {}

  clear(): void {
    if (this.next === this) return;
    this.unlink();
    this.ring.removed();
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this.previous = this;
  }
}

/** What a ring tells who has it. */
interface RingEvents {
  /** One of its entries waits no more. */
  left(): void;
  /** Its timer has come, and found nobody left. */
  empty(ring: Ring): void;
}

/** Those that wait for as long as each other, with one timer for the first of them. */
class Ring {
  readonly #head: Entry = new Entry(this, 0, () => {});
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly ms: number, readonly now: () => number, readonly tell: RingEvents) {
    this.#timer = setTimeout(() => this.#fire(), ms);
  }

  add(fire: () => void): Entry {
    const entry = new Entry(this, this.now() + this.ms, fire);
    const last = this.#head.previous;
    entry.previous = last;
    entry.next = this.#head;
    last.next = this.#head.previous = entry;
    return entry;
  }

  /** One was cleared; the timer finds the first one that is left. */
  removed(): void {
    this.tell.left();
  }

  /** Stops the timer of an empty ring. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fire(): void {
    const now = this.now();
    try {
      // one by one, as one may clear the next, or add others
      for (let e = this.#head.next; e !== this.#head && e.due <= now; e = this.#head.next) {
        e.unlink();
        this.tell.left();
        e.fire();
      }
    } finally {
      const first = this.#head.next;
      if (first === this.#head) this.tell.empty(this);
      else this.#timer = setTimeout(() => this.#fire(), Math.max(1, first.due - now));
    }
  }
}

/** Longest time of a timer, in milliseconds; what is to come later never comes. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Many deadlines with few timers: of those with the same duration only the first has one, as a call's
 * deadline hardly ever comes, and a timer costs more than the rest of its bookkeeping. Timers that nobody
 * needs any more stay until nothing at all waits: the next call will need one again.
 */
export class Deadlines {
  readonly #rings = new Map<number, Ring>();
  readonly #now: () => number;
  /** How many wait. */
  #waiting = 0;

  /** @param now milliseconds, never going back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls `fire` after that many milliseconds; never, if they are more than a timer can count. */
  after(ms: number, fire: () => void): Deadline | undefined {
    if (ms > MAX_MS) return undefined;
    const whole = Math.max(0, Math.ceil(ms));
    let ring = this.#rings.get(whole);
    if (ring === undefined) {
      ring = new Ring(whole, this.#now, { left: () => this.#left(), empty: (r) => this.#drop(r) });
      this.#rings.set(whole, ring);
    }
    this.#waiting++;
    return ring.add(fire);
  }

  #left(): void {
    if (--this.#waiting > 0) return;
    for (const ring of this.#rings.values()) ring.stop();
    this.#rings.clear();
  }

  #drop(ring: Ring): void {
    // another may have taken its place while it fired
    if (this.#rings.get(ring.ms) === ring) this.#rings.delete(ring.ms);
  }
}
