/**
 * The budget of requests: a bucket that starts full with `burst` tokens and gains `perSecond` of them
 * a second. Who finds it empty waits in turn; urgent ones (Leases, whose renewal must not starve
 * behind a storm) before all others. There is one timer for all that wait.
 */

/** How many requests are allowed. */
export interface Budget {
  /** Requests a second in the long run. */
  perSecond: number;
  /** Requests at once after a quiet time, at least 1. */
  burst: number;
}

/** Options of {@linkcode TokenBucket}. */
export interface TokenBucketOptions {
  /** Monotonic milliseconds. @default performance.now */
  now?: () => number;
}

interface Waiter {
  readonly urgent: boolean;
  readonly grant: () => void;
}

/** Lets so many pass at once and so many a second; the others wait in turn. */
export class TokenBucket {
  readonly #budget: Budget;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;
  #waiting: Waiter[] = [];
  #timer?: ReturnType<typeof setTimeout>;

  /** A full bucket. Throws a RangeError if it would let nothing pass. */
  constructor(budget: Budget, options: TokenBucketOptions = {}) {
    if (!(budget.perSecond > 0) || !(budget.burst >= 1)) {
      throw new RangeError(
        `Cannot use budget { perSecond: ${budget.perSecond}, burst: ${budget.burst} }: ` +
          `perSecond must be more than 0, burst at least 1`,
      );
    }
    this.#budget = budget;
    this.#now = options.now ?? (() => performance.now());
    this.#tokens = budget.burst;
    this.#filledAt = this.#now();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when a request may go out, with the milliseconds waited. */
  async take(options: { signal?: AbortSignal; urgent?: boolean } = {}): Promise<number> {
    const { signal, urgent = false } = options;
    signal?.throwIfAborted();
    this.#fill();
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    const start = this.#now();
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        urgent,
        grant: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        if (this.#waiting.length === 0) this.#stopTimer();
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#enqueue(waiter);
    });
    return this.#now() - start;
  }

  #enqueue(waiter: Waiter): void {
    const behind = waiter.urgent ? this.#waiting.findIndex((it) => !it.urgent) : -1;
    if (behind < 0) this.#waiting.push(waiter);
    else this.#waiting.splice(behind, 0, waiter);
    this.#startTimer();
  }

  #fill(): void {
    const now = this.#now();
    const gained = (now - this.#filledAt) / 1000 * this.#budget.perSecond;
    this.#tokens = Math.min(this.#budget.burst, this.#tokens + gained);
    this.#filledAt = now;
  }

  #startTimer(): void {
    if (this.#timer !== undefined) return;
    const ms = Math.max(1, Math.ceil((1 - this.#tokens) / this.#budget.perSecond * 1000));
    const timer = setTimeout(() => {
      // Deno 2.4 runs timers that were cleared in the turn in which they were due.
      if (timer !== this.#timer) return;
      this.#timer = undefined;
      this.#fill();
      while (this.#waiting.length > 0 && this.#tokens >= 1) {
        this.#tokens--;
        this.#waiting.shift()!.grant();
      }
      if (this.#waiting.length > 0) this.#startTimer();
    }, ms);
    this.#timer = timer;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
