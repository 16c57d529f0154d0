/** Between the first repair and the second, in milliseconds. */
const FIRST_PAUSE = 1_000;

/** Between two repairs at most. */
const LAST_PAUSE = 5 * 60_000;

/** After so long without a repair the next one is the first; longer than the longest pause. */
const QUIET = 2 * LAST_PAUSE;

/**
 * Holds back repairs that somebody undoes again and again, such as an autoscaler or another operator
 * with another opinion: two who patch in turns would do so for ever. The first repair is made at once,
 * each further one after twice the time, up to a limit; after a quiet time it begins anew.
 */
export class RepairPace {
  readonly #now: () => number;
  readonly #repairs = new Map<string, { count: number; at: number }>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds to wait before what has this key may be repaired; 0 for none. */
  waitOf(key: string): number {
    const last = this.#repairs.get(key);
    if (last === undefined) return 0;
    const since = this.#now() - last.at;
    if (since >= QUIET) this.#repairs.delete(key);
    const pause = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** (last.count - 1));
    return Math.max(0, Math.ceil(pause - since));
  }

  /** Notes that it was repaired. */
  repaired(key: string): void {
    const count = (this.#repairs.get(key)?.count ?? 0) + 1;
    this.#repairs.set(key, { count, at: this.#now() });
  }

  /** Forgets what has this key. */
  forget(key: string): void {
    this.#repairs.delete(key);
  }
}
