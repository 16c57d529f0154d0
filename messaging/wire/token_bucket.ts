/** How often something may happen. */
export interface TokenBucketOptions {
  /** So often a second, over long. */
  rate: number;
  /** So often at once. */
  burst: number;
}

/** Bounds how often something happens; whoever asks tells the time, so that it needs no timer. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at = -Infinity;

  /** A full bucket. */
  constructor({ rate, burst }: TokenBucketOptions) {
    this.#perMs = rate / 1000;
    this.#burst = this.#tokens = burst;
  }

  /** Takes `count` tokens, if so many are there; `now` is in milliseconds of any monotonic clock. */
  take(count: number, now: number): boolean {
    if (now > this.#at) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
      this.#at = now;
    }
    if (count > this.#tokens) return false;
    this.#tokens -= count;
    return true;
  }
}
