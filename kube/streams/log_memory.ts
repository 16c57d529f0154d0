/**
 * Which lines of a log were handed on, so that a log that is read again from a little earlier repeats
 * none and skips none.
 *
 * An API server takes the time to read from in whole seconds, and a container's two outputs may be
 * written a little out of order. So a log is read again from a second before that of the last line,
 * and of each time within, the number of lines that were handed on is known: the nth line of a time is
 * new if fewer than n have been. Before the present second and the one before nothing is kept.
 */
import type { LogTime } from "./log_lines.ts";

/** Seconds before the last line's that are read again. */
const OVERLAP_S = 1;

/** Counts lines by their time. */
export class LogMemory {
  /** Lines handed on, by second and nanoseconds. */
  readonly #handed = new Map<number, Map<string, number>>();
  /** Lines of the present reading, likewise. */
  #read = new Map<number, Map<string, number>>();
  #first?: LogTime;
  #readings = 0;
  readonly #tail: boolean;
  #latest = -Infinity;

  /** @param options `tail`: the first reading begins with lines that are not the log's first ones. */
  constructor(options: { tail?: boolean } = {}) {
    this.#tail = options.tail ?? false;
  }

  /** The time to read again from; undefined before the first line. */
  get since(): Date | undefined {
    if (this.#latest === -Infinity) return undefined;
    return new Date((this.#latest - OVERLAP_S) * 1000);
  }

  /** The log is about to be read from `since`. */
  begin(): void {
    this.#read = new Map();
    this.#readings++;
  }

  /** Whether a line is to be handed on; it is then taken for handed on. */
  isNew(time: LogTime): boolean {
    this.#first ??= time;
    // what is before the first line is not of the part that was asked for
    if (this.#tail && this.#readings > 1 && isBefore(time, this.#first)) return false;
    const nth = count(this.#read, time);
    if (nth <= (this.#handed.get(time.second)?.get(time.nanos) ?? 0)) return false;
    count(this.#handed, time);
    if (time.second > this.#latest) {
      this.#latest = time.second;
      for (const counts of [this.#handed, this.#read]) {
        for (const second of counts.keys()) {
          if (second < this.#latest - OVERLAP_S) counts.delete(second);
        }
      }
    }
    return true;
  }
}

/** Counts one more; returns how many there are. */
function count(counts: Map<number, Map<string, number>>, { second, nanos }: LogTime): number {
  let within = counts.get(second);
  if (!within) counts.set(second, within = new Map());
  const n = (within.get(nanos) ?? 0) + 1;
  within.set(nanos, n);
  return n;
}

function isBefore(one: LogTime, other: LogTime): boolean {
  return one.second < other.second || (one.second === other.second && one.nanos < other.nanos);
}
