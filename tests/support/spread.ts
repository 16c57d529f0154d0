/** Times, of which the median and the 99th percentile are printed when the process ends. */
export class Spread {
  readonly #what: string;
  readonly #times: number[] = [];

  /** @param what is measured */
  constructor(what: string) {
    this.#what = what;
    globalThis.addEventListener("unload", () => this.#print());
  }

  /** Adds a time, in milliseconds. */
  add(ms: number): void {
    this.#times.push(ms);
  }

  #print(): void {
    const sorted = this.#times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(2);
    console.log(`${this.#what}: ${sorted.length} times, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  }
}
