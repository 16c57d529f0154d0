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

/** The longest wait of `setTimeout`, in milliseconds: what is more it takes for nothing. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The clock of this process: `performance.now`, `Date` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  timer(ms, callback) {
    let over = false; // Deno 2.4 runs timers that were cleared in the turn in which they were due
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number) => {
      timer = setTimeout(() => {
        if (over) return;
        if (left > LONGEST_TIMEOUT_MS) wait(left - LONGEST_TIMEOUT_MS);
        else callback();
      }, Math.min(left, LONGEST_TIMEOUT_MS));
    };
    wait(ms);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  },
};
