/**
 * The time that an election lives by. Terms and leases are judged by `now` alone, which only moves
 * forward; `date` is written into the Lease for people to read, and never compared.
 */
export interface Clock {
  /** Monotonic milliseconds from any beginning, which go on while the process is stopped. */
  now(): number;
  /** What the calendar says. */
  date(): Date;
  /** Calls back once after so many milliseconds; returns what cancels that. */
  timer(ms: number, callback: () => void): () => void;
}

/** The clock of this process: `performance.now`, `Date` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  timer(ms, callback) {
    let over = false; // Deno 2.4 runs timers that were cleared in the turn in which they were due
    const timer = setTimeout(() => {
      if (!over) callback();
    }, ms);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  },
};
