import type { Trouble } from "./trouble.ts";

/**
 * Doubts that waiting has a point: trouble that is there at each look, for as long as it must last, is
 * given up on. One timer, which begins when the trouble is first seen.
 */
export class Doubt implements Disposable {
  readonly #patience: number | undefined;
  readonly #over = new AbortController();
  #trouble: Trouble | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #given: Trouble | undefined;

  /** @param patience milliseconds in place of what the trouble itself says */
  constructor(patience: number | undefined) {
    this.#patience = patience;
  }

  /** Aborts when it is given up. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** What it was given up for. */
  get given(): Trouble | undefined {
    return this.#given;
  }

  /** Takes what is seen now. */
  see(trouble: Trouble | undefined): void {
    const before = this.#trouble;
    this.#trouble = trouble; // pods come and go, the trouble stays
    if (trouble?.reason === before?.reason && trouble?.patience === before?.patience) return;
    clearTimeout(this.#timer);
    if (trouble === undefined) return;
    const needed = trouble.final ? 0 : this.#patience ?? trouble.patience;
    if (needed === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#given = this.#trouble;
      this.#over.abort();
    }, needed);
  }

  /** Needs no timer any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
