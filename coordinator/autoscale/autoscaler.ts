/**
 * Gives a workload as many workers as there is work for, while its coordinator leads.
 *
 * It looks when the load has changed, when the number of workers has, and when the time for fewer has
 * come. What it decides is written by the workload's own `scale`, one write at a time and at most one
 * in `interval`, and nothing while the number is right: so what it sets is no drift, and stays for the
 * next leader, which goes on from it.
 *
 * A write that fails is tried again, at growing intervals; meanwhile the user is told.
 *
 * @module
 */
import type { Load } from "../../messaging/mod.ts";
import { asError } from "../../runtime/mod.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { CheckedWorkers } from "../workloads/definition/params/workers.ts";
import { decideScale, type ScaleMemory } from "./decide_scale.ts";

/** Shortest time between two writes, in milliseconds. */
const INTERVAL = 1_000;

/** Longest time until a write is tried again that was refused, in milliseconds. */
const MAX_BACKOFF = 60_000;

/** The longest time that a timer can be set to, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What is scaled. */
export interface ScaleTarget {
  /** Its name, for messages. */
  readonly name: string;
  /** How many workers are set now; nothing while that is not to be changed: it is stopped, or gone. */
  present(): number | undefined;
  /** Sets how many; resolves when that is stored. */
  scale(replicas: number, options: { signal: AbortSignal }): Promise<void>;
  /** Hears that `present` may have changed; returns what removes it. */
  onChange(hear: () => void): () => void;
}

/** What there is to do; `Work` is one. */
export interface LoadSource {
  /** How much there is to do now. */
  readonly load: Load;
  /** Hears that it has changed; returns what removes it. */
  onLoad(hear: (load: Load) => void): () => void;
}

/** Options of {@linkcode Autoscaler}. */
export interface AutoscalerOptions {
  /** What is scaled. */
  target: ScaleTarget;
  /** By what. */
  source: LoadSource;
  /** Within which bounds. */
  workers: CheckedWorkers;
  /** Hears of writes that have failed. */
  onError: (error: Error) => void;
  /** The monotonic clock. @default performance.now */
  now?: () => number;
  /** Shortest time between two writes, in milliseconds. @default 1_000 */
  interval?: number;
}

/** See the module's text. */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  readonly #now: () => number;
  #term: { readonly mandate: Mandate; readonly stop: () => void } | undefined;
  #workers: CheckedWorkers;
  #memory: ScaleMemory | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Before this time nothing is written. */
  #notBefore = -Infinity;
  #failures = 0;
  #writing: Promise<void> | undefined;

  /** It does nothing yet. */
  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#workers = options.workers;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Scales in the name of a mandate, until it ends. */
  begin(mandate: Mandate): void {
    this.end();
    if (mandate.signal.aborted) return;
    const { target, source } = this.#options;
    const look = (): void => this.#look();
    const onEnd = (): void => this.end();
    const undo = [source.onLoad(look), target.onChange(look)];
    mandate.signal.addEventListener("abort", onEnd, { once: true });
    const stop = (): void => {
      for (const remove of undo) remove();
      mandate.signal.removeEventListener("abort", onEnd);
    };
    this.#term = { mandate, stop };
    this.#failures = 0;
    this.#look();
  }

  /** Scales no more, until it begins again. */
  end(): void {
    this.#term?.stop();
    this.#term = undefined;
    this.#memory = undefined;
    clearTimeout(this.#timer);
  }

  /** Sets other bounds. */
  change(workers: CheckedWorkers): void {
    this.#workers = workers;
    this.#look();
  }

  /** Ends; resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.end();
    await this.#writing;
  }

  #look(): void {
    const { target, source } = this.#options;
    const present = target.present();
    clearTimeout(this.#timer);
    if (this.#term === undefined || this.#writing !== undefined) return;
    if (present === undefined) return void (this.#memory = undefined);
    const now = this.#now();
    const { load } = source;
    const { wanted, memory, after } = decideScale(this.#workers, this.#memory, {
      now,
      load,
      present,
    });
    const wait = this.#notBefore - now;
    if (wanted !== present && wait > 0) {
      // fewer are decided on anew: what is needed until then counts too
      if (wanted > present) this.#memory = memory;
      return this.#lookAfter(wait);
    }
    this.#memory = memory;
    if (wanted !== present) this.#writing = this.#write(wanted, this.#term.mandate);
    else if (after !== undefined) this.#lookAfter(after);
  }

  #lookAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.min(ms, LONGEST_TIMER));
  }

  async #write(wanted: number, { signal }: Mandate): Promise<void> {
    const { target, onError, interval = INTERVAL } = this.#options;
    let wait = interval;
    try {
      await target.scale(wanted, { signal });
      this.#failures = 0;
    } catch (error) {
      // what has ended meanwhile is not tried again
      if (!signal.aborted && this.#term !== undefined) {
        wait = Math.min(interval * 2 ** ++this.#failures, MAX_BACKOFF);
        onError(asError(error));
      }
    }
    this.#notBefore = this.#now() + wait;
    this.#writing = undefined;
    this.#look();
  }
}
