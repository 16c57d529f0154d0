import type { Clock } from "../../../primitives/mod.ts";

const MINUTE = 60_000;

/** Milliseconds of the process from one jump of the calendar to the next. */
const BETWEEN_JUMPS = 700;

/** A clock whose calendar jumps by minutes all the time, and which runs faster or slower than it should. */
export class BadClock implements Clock {
  /** How often the calendar has jumped. */
  jumps = 0;
  readonly #rate: number;
  readonly #random: () => number;
  #offset = 0;
  #nextJump = 0;

  /** `rate` is 1 for a clock that is right. */
  constructor(rate: number, random: () => number) {
    this.#rate = rate;
    this.#random = random;
  }

  now(): number {
    return performance.now() * this.#rate;
  }

  date(): Date {
    if (performance.now() > this.#nextJump) {
      this.#nextJump = performance.now() + BETWEEN_JUMPS;
      this.#offset = (this.#random() - 0.5) * 10 * MINUTE;
      this.jumps++;
    }
    return new Date(Date.now() + this.#offset);
  }

  timer(ms: number, callback: () => void): () => void {
    let over = false; // Deno 2.4 runs timers that were cleared in the turn in which they were due
    const timer = setTimeout(() => {
      if (!over) callback();
    }, ms / this.#rate);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }
}
