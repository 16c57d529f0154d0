import type { Check } from "./check.ts";

/** Options of {@linkcode EventLoopMonitor}. */
export interface EventLoopMonitorOptions {
  /**
   * Milliseconds from one beat to the next.
   *
   * @default 1_000
   */
  interval?: number;
  /**
   * Milliseconds that a beat may be late until the loop counts as blocked.
   *
   * @default 10_000
   */
  maxLag?: number;
  /** Hears of each beat how many milliseconds it was late. */
  onBeat?: (lagMs: number) => void;
  /**
   * A clock that no one sets, in milliseconds.
   *
   * @default performance.now
   */
  now?: () => number;
}

/** A second: far below what a probe waits, and far above what a timer is late by itself. */
const INTERVAL_MS = 1_000;

/** Ten probes of a kubelet may fail meanwhile: what is late for so long is no busy moment. */
const MAX_LAG_MS = 10_000;

/**
 * Finds an event loop that does not get around: a timer beats, and each beat tells how late it is.
 *
 * A handler that waits, however long, delays no beat; one that computes without end does. While the
 * loop is blocked nobody is answered at all; who asks just after is told by {@linkcode lagMs}, and a
 * loop that has caught up counts as well again, so that nobody is killed for what is over.
 */
export class EventLoopMonitor implements Disposable {
  readonly #interval: number;
  readonly #maxLag: number;
  readonly #onBeat: (lagMs: number) => void;
  readonly #now: () => number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #due = 0;
  #lag = 0;

  /** Makes a monitor that does not beat yet. */
  constructor(options: EventLoopMonitorOptions = {}) {
    this.#interval = options.interval ?? INTERVAL_MS;
    this.#maxLag = options.maxLag ?? MAX_LAG_MS;
    this.#onBeat = options.onBeat ?? (() => {});
    this.#now = options.now ?? (() => performance.now());
  }

  /** Begins to beat, until it is closed. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#due = this.#now() + this.#interval;
    this.#timer = setInterval(() => this.#beat(), this.#interval);
  }

  /** Milliseconds that the last beat was late, or that the next one is overdue if that is more. */
  get lagMs(): number {
    if (this.#timer === undefined) return 0;
    return Math.max(this.#lag, this.#now() - this.#due, 0);
  }

  /** Fails while the loop is blocked. */
  check(): Check {
    const lag = this.lagMs;
    if (lag <= this.#maxLag) return { name: "event-loop" };
    const failure = `late by ${Math.round(lag)} ms, allowed are ${this.#maxLag} ms`;
    return { name: "event-loop", failure };
  }

  /** Stops beating. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    const now = this.#now();
    this.#lag = Math.max(0, now - this.#due);
    this.#due = now + this.#interval;
    this.#onBeat(this.#lag);
  }
}
