/**
 * The timers of a coordinator.
 *
 * They are declared by the program, in any replica and at any time. While this one leads, a `TimerTerm`
 * takes due times and calls handlers; here is what outlives a term: which timers there are, and which
 * handlers are at work. A term begins once the one before has ended, and a handler is never called while
 * it is at work here. It stops by `close()`: no due time is taken any more, and it resolves when the
 * handlers have ended.
 *
 * @module
 */
import { outside } from "../../runtime/mod.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { FencedRecord } from "../records/mod.ts";
import { nextDue } from "./due.ts";
import type { CheckedTimer, Timer } from "./timer_options.ts";
import { entryOf, type TimerRecord } from "./timer_record.ts";
import { TimerTerm } from "./timer_term.ts";

/** How many timers there may be: all share one object and, when they are due at once, one write. */
const MAX_TIMERS = 1000;

/** Options of {@linkcode Timers}. */
export interface TimersOptions {
  /** Where they are kept. */
  record: Pick<FencedRecord<TimerRecord>, "update">;
  /** Hears what handlers throw, and why a due time cannot be taken, which is tried again. */
  onError: (error: unknown) => void;
  /** Calls a handler, and records how it ended. */
  handled: (name: string, call: () => Promise<void>) => Promise<void>;
  /**
   * The wall clock, in milliseconds since 1970.
   * @default Date.now
   */
  now?: () => number;
}

/** See the module's text. */
export class Timers {
  readonly #options: Required<TimersOptions>;
  readonly #declared = new Map<string, CheckedTimer>();
  readonly #cancels = new WeakMap<CheckedTimer, () => void>();
  readonly #canceled = new Set<string>();
  /** Handlers that are at work, by the timers' names. */
  readonly #busy = new Map<string, Promise<void>>();
  /** The due times with which handlers have ended here, by the timers' names, until that is recorded. */
  readonly #ended = new Map<string, number>();
  #known: TimerRecord | undefined;
  #term: TimerTerm | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  /** There is no timer yet. */
  constructor(options: TimersOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /**
   * Sets a timer.
   *
   * @throws {TypeError} when there is one of its name
   * @throws {RangeError} when there are 1,000
   */
  add(timer: CheckedTimer): Timer {
    const { name, signal } = timer;
    if (this.#closed) throw new Error(`Cannot set timer "${name}": the coordinator is stopped`);
    if (this.#declared.has(name)) {
      throw new TypeError(
        `Cannot set timer "${name}": there is one of that name, give this one another "name"`,
      );
    }
    if (this.#declared.size >= MAX_TIMERS) {
      throw new RangeError(
        `Cannot set timer "${name}": there are ${MAX_TIMERS}, no more are allowed`,
      );
    }
    const cancel = (): void => {
      if (this.#declared.get(name) !== timer) return;
      this.#forget(timer);
      this.#canceled.add(name);
      this.#term?.look();
    };
    if (!signal?.aborted) {
      signal?.addEventListener("abort", cancel, { once: true });
      this.#cancels.set(timer, cancel);
      this.#declared.set(name, timer);
      this.#canceled.delete(name);
      this.#term?.look();
    }
    const next = (): number | undefined => this.#next(timer);
    return {
      name,
      get next() {
        const time = next();
        return time === undefined ? undefined : new Date(time);
      },
      cancel,
    };
  }

  /** Begins to call handlers, under a mandate. */
  begin(mandate: Mandate): void {
    if (this.#closed) return;
    const term = new TimerTerm(mandate, {
      ...this.#options,
      declared: this.#declared,
      canceled: this.#canceled,
      busy: this.#busy,
      ended: this.#ended,
      finish: (timer) => this.#forget(timer),
      onEnded: () => this.#term?.look(), // which may be a later term than that of the call
      onRecord: (record) => this.#known = record,
    });
    this.#term = term;
    const before = this.#running;
    this.#running = outside(async () => {
      await before;
      await term.run();
    });
  }

  /** Takes no due time any more; resolves when no handler is at work and that is recorded. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#term?.close();
    await this.#running;
    await Promise.all(this.#busy.values());
  }

  /** When it is due next, as far as that is known here. */
  #next(timer: CheckedTimer): number | undefined {
    const { name, schedule, missed } = timer;
    if (this.#declared.get(name) !== timer) return undefined;
    const now = this.#options.now();
    const entry = entryOf(this.#known, name, { schedule, now });
    if (entry !== undefined) return nextDue(entry, { ...timer, waiting: now });
    // the grid of an interval is in the record alone
    return schedule.text.startsWith("every ")
      ? undefined
      : schedule.next(schedule.once && missed !== "skip" ? -Infinity : now, now);
  }

  #forget(timer: CheckedTimer): void {
    const cancel = this.#cancels.get(timer);
    if (cancel !== undefined) timer.signal?.removeEventListener("abort", cancel);
    this.#declared.delete(timer.name);
  }
}
