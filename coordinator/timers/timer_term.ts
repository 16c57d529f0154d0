/**
 * The timers of one term of leading.
 *
 * One loop waits until a timer is due, takes the due times of all that are, by one fenced write, and
 * then calls their handlers, which it does not wait for. A due time is taken before its handler is
 * called, so it is taken once over all coordinators. With `interrupted: "again"` the end of the handler
 * is recorded too. The loop ends with the term, or, when it is closed, once no handler is at work.
 *
 * A write whose answer is lost may have been stored. What it was to take is remembered until the record
 * says which: it names the term that took a due time, and in a term nobody else takes any.
 *
 * @module
 */
import { delay } from "../../kube/mod.ts";
import { asError } from "../../runtime/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import type { FencedRecord } from "../records/mod.ts";
import { type Due, interruptedBefore, nextDue } from "./due.ts";
import { type Call, type TakeContext, takeDue, type TakenDue } from "./take_due.ts";
import type { CheckedTimer } from "./timer_options.ts";
import { entryOf, isStale, type TimerRecord } from "./timer_record.ts";

/**
 * The longest sleep, in milliseconds: within it a clock that was set is noticed. It also keeps timeouts
 * below the 2^31 - 1 ms that they may have.
 */
const MAX_SLEEP = 1000;

/** The first wait before a failed write is tried again, in milliseconds; it doubles up to the last. */
const FIRST_RETRY = 250;
const LAST_RETRY = 10_000;

/** How many writes of unknown outcome are remembered of a timer: the first of them is long decided. */
const MAX_UNSURE = 10;

/** What a term shares with the ones before and after it. */
export interface TimerTermOptions {
  readonly record: Pick<FencedRecord<TimerRecord>, "update">;
  readonly onError: (error: unknown) => void;
  readonly handled: (name: string, call: () => Promise<void>) => Promise<void>;
  readonly now: () => number;
  readonly declared: ReadonlyMap<string, CheckedTimer>;
  readonly canceled: Set<string>;
  readonly busy: Map<string, Promise<void>>;
  readonly ended: Map<string, number>;
  /** Hears of a timer that never is due again. */
  readonly finish: (timer: CheckedTimer) => void;
  /** Hears that a handler has ended. */
  readonly onEnded: () => void;
  /** Hears what the record says. */
  readonly onRecord: (record: TimerRecord) => void;
}

/** See the module's text. */
export class TimerTerm {
  readonly #mandate: Mandate;
  readonly #options: TimerTermOptions;
  readonly #id = crypto.randomUUID().slice(0, 8);
  /** Since when each timer is waited for. */
  readonly #waiting = new Map<CheckedTimer, number>();
  /** What was to be taken by writes of which it is not known whether they were stored, by name. */
  readonly #unsure = new Map<string, Call[]>();
  #record: TimerRecord | undefined;
  #closing = false;
  #changed = Promise.withResolvers<void>();

  /** Nothing is done before `run`. */
  constructor(mandate: Mandate, options: TimerTermOptions) {
    this.#mandate = mandate;
    this.#options = options;
  }

  /** Looks at the timers anew: what is declared has changed, or a handler has ended. */
  look(): void {
    this.#changed.resolve();
  }

  /** Takes no due time any more. */
  close(): void {
    this.#closing = true;
    this.look();
  }

  /** Calls handlers until the term ends, or it is closed and none is at work. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#mandate;
    let retry = FIRST_RETRY;
    while (!signal.aborted && !(this.#closing && this.#isIdle())) {
      this.#changed = Promise.withResolvers();
      try {
        const wait = this.#untilNext();
        if (wait === 0) await this.#write();
        else await this.#sleep(wait);
        retry = FIRST_RETRY;
      } catch (error) {
        if (signal.aborted) return;
        // of a term that is over somebody else tells
        if (!(error instanceof NotLeadingError && this.#isOver())) this.#options.onError(error);
        if (this.#closing && this.#options.busy.size === 0) return;
        await delay(retry, signal).catch(() => {});
        retry = Math.min(retry * 2, LAST_RETRY);
      }
    }
  }

  #isIdle(): boolean {
    return this.#options.busy.size === 0 && !this.#isEndUnrecorded();
  }

  #isOver(): boolean {
    try {
      this.#mandate.check();
      return false;
    } catch {
      return true;
    }
  }

  /** Milliseconds until there is something to write; `undefined` if that is not known. */
  #untilNext(): number | undefined {
    const { declared, canceled, now: clock } = this.#options;
    if (this.#isEndUnrecorded()) return 0;
    if (this.#closing) return undefined;
    if (declared.size === 0 && canceled.size === 0) return undefined;
    const record = this.#record;
    if (record === undefined) return 0; // not claimed yet
    const now = clock();
    if (isStale(record, { declared, canceled }, now)) return 0;
    let wait = MAX_SLEEP;
    for (const timer of [...declared.values()]) {
      const at = this.#next(record, timer, now);
      if (at === undefined) continue;
      if (at <= now) return 0;
      wait = Math.min(wait, at - now);
    }
    return wait;
  }

  /** When there is something to do for a timer; one that never is due again is forgotten. */
  #next(record: TimerRecord, timer: CheckedTimer, now: number): number | undefined {
    const { busy, finish } = this.#options;
    const { name, schedule } = timer;
    const entry = entryOf(record, name, { schedule, now });
    if (entry === undefined || busy.has(name)) return undefined;
    const options = this.#dueOptions(timer, now);
    if (this.#unsure.has(name) || interruptedBefore(entry, options, this.#id)) return now;
    const at = nextDue(entry, options);
    if (at === undefined && schedule.once) finish(timer);
    return at;
  }

  #dueOptions(timer: CheckedTimer, now: number): CheckedTimer & { waiting: number } {
    const waiting = Math.min(this.#waiting.get(timer) ?? now, now); // the clock may be set back
    this.#waiting.set(timer, waiting);
    return { ...timer, waiting };
  }

  /** Takes what is due, and calls the handlers. */
  async #write(): Promise<void> {
    const { record, onRecord, now: clock, canceled, onError } = this.#options;
    const forgotten = [...canceled];
    const context = this.#takeContext(clock());
    let taken: TakenDue | undefined;
    const written = await record.update(this.#mandate, (live) => {
      taken = takeDue(live, context);
      return taken.record;
    }).catch((error) => {
      for (const [name, each] of taken?.calls ?? []) {
        const unsure = this.#unsure.get(name) ?? [];
        this.#unsure.set(name, [...unsure, each].slice(-MAX_UNSURE));
      }
      throw error;
    });
    this.#unsure.clear();
    for (const name of forgotten) canceled.delete(name);
    this.#record = written!;
    onRecord(written!);
    for (const [name, due] of [...this.#options.ended]) {
      // what is recorded as it is not called again is not to be remembered
      const { last, open } = written!.timers[name] ?? {};
      if (last !== due || open === undefined) this.#options.ended.delete(name);
    }
    for (const problem of taken!.problems) onError(problem);
    for (const { timer, due } of taken!.calls.values()) this.#call(timer, due);
  }

  #takeContext(now: number): TakeContext {
    const { declared, canceled, busy, ended } = this.#options;
    return {
      declared,
      canceled,
      now,
      id: this.#id,
      isFree: (name) => !busy.has(name) && !this.#closing,
      ended,
      unsure: this.#unsure,
      waiting: (timer) => this.#dueOptions(timer, now).waiting,
    };
  }

  /** Calls a handler, unless the term is over: then it is as if it had begun and was interrupted. */
  #call(timer: CheckedTimer, { due, missed, call }: Due): void {
    const { busy, ended, onEnded, onError, now, handled } = this.#options;
    const { name, handler, interrupted } = timer;
    const { signal, token } = this.#mandate;
    this.#mandate.check();
    const run = async (): Promise<void> => {
      let isOver = true;
      try {
        await handled(name, async () => {
          const lateBy = now() - due;
          const again = call > 1;
          await handler({ name, due: new Date(due), lateBy, missed, again, signal, token });
        });
      } catch (error) {
        // who passes on that its signal has aborted has not ended
        isOver = !signal.aborted || error !== signal.reason;
        if (isOver) onError(asError(error));
      }
      if (isOver && interrupted === "again") ended.set(name, due);
      busy.delete(name);
      this.#waiting.set(timer, now());
      onEnded();
    };
    busy.set(name, run());
  }

  #isEndUnrecorded(): boolean {
    return this.#options.ended.size > 0;
  }

  /** Sleeps so long, or until something changes or the term ends. */
  async #sleep(wait: number | undefined): Promise<void> {
    const { signal } = this.#mandate;
    const { promise, resolve } = this.#changed;
    const timer = wait === undefined ? undefined : setTimeout(resolve, wait);
    signal.addEventListener("abort", this.#wake);
    await promise;
    signal.removeEventListener("abort", this.#wake);
    clearTimeout(timer);
  }

  readonly #wake = (): void => this.look();
}
