import { asError } from "../../runtime/mod.ts";

/** Longest time until a write is tried again that has failed, in milliseconds. */
const MAX_BACKOFF = 30_000;

/** Options of {@linkcode ProgressWriter}. */
export interface ProgressWriterOptions {
  /** Writes what there is now to be noted; resolves when it is stored. */
  write: () => Promise<unknown>;
  /** Shortest time between two writes, in milliseconds. */
  interval: number;
  /** Ends it: nothing is written any more. */
  signal: AbortSignal;
  /** Whether a write that failed so is not to be tried again. */
  isFinal: (error: Error) => boolean;
  /** Hears of each write that failed and is tried again. */
  onError: (error: Error) => void;
}

/**
 * Writes progress now and then: what comes between two writes goes out with the next one. A write that
 * fails is tried again, at growing intervals.
 */
export class ProgressWriter {
  readonly #options: ProgressWriterOptions;
  /** How much was noted to be written, and how much of that is stored. */
  #noted = 0;
  #stored = 0;
  #failing = false;
  #ended: { readonly reason: unknown } | undefined;
  /** Until it fires nothing is written. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #writing: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();
  readonly #onAbort = (): void => this.#end(this.#options.signal.reason);

  /** Nothing is to be written yet. */
  constructor(options: ProgressWriterOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal.aborted) this.#onAbort();
  }

  /** Says that there is something new to be written. */
  note(): void {
    this.#noted++;
    this.#schedule();
  }

  /** Whether the last write has failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Resolves once the last write has not failed: nothing is to be done that could not be noted.
   *
   * @throws what ended it
   */
  async healthy(): Promise<void> {
    this.#throwIfEnded();
    while (this.#failing) await this.#next();
  }

  /** Writes what is left, without regard to the interval; resolves when it is stored. */
  async flush(): Promise<void> {
    const noted = ++this.#noted;
    this.#rest(0);
    while (this.#stored < noted) await this.#next();
  }

  /** Resolves when nothing is being written, and nothing will be. */
  async close(reason: unknown): Promise<void> {
    this.#end(reason);
    await this.#writing;
  }

  #end(reason: unknown): void {
    this.#ended ??= { reason };
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
    this.#wake();
  }

  async #next(): Promise<void> {
    this.#throwIfEnded();
    await this.#changed.promise;
    this.#throwIfEnded();
  }

  #throwIfEnded(): void {
    if (this.#ended) throw this.#ended.reason;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #schedule(): void {
    const isTime = this.#timer === undefined && this.#writing === undefined;
    if (isTime && !this.#ended && this.#stored < this.#noted) this.#writing = this.#write();
  }

  /** Writes nothing for so long, and then what there is by then. */
  #rest(ms: number): void {
    clearTimeout(this.#timer);
    const go = (): void => {
      this.#timer = undefined;
      this.#schedule();
    };
    if (ms === 0) go();
    else if (!this.#ended) this.#timer = setTimeout(go, ms);
  }

  async #write(): Promise<void> {
    const { write, interval, signal, isFinal, onError } = this.#options;
    const noted = this.#noted;
    let wait = interval;
    try {
      await write();
      this.#stored = noted;
      this.#failing = false;
      this.#failures = 0;
    } catch (cause) {
      const error = asError(cause);
      if (isFinal(error)) this.#end(error);
      else if (!signal.aborted) {
        this.#failing = true;
        wait = Math.min(Math.max(interval, 100) * 2 ** ++this.#failures, MAX_BACKOFF);
        onError(error);
      }
    }
    this.#writing = undefined;
    this.#wake();
    this.#rest(wait);
  }
}
