/** Calls listeners one after another; one that throws stops neither the others nor the caller. */
export class Emitter<Args extends unknown[]> {
  readonly #onThrow: (error: Error) => void;
  #listeners: readonly ((...args: Args) => void)[] = [];

  /** @param onThrow Hears what a listener throws; must not throw itself. */
  constructor(onThrow: (error: Error) => void) {
    this.#onThrow = onThrow;
  }

  /** Adds a listener; returns what removes it. */
  add(listener: (...args: Args) => void): () => void {
    const own = (...args: Args) => listener(...args); // one listener may be added twice
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  /** Calls every listener that is there now. */
  emit(...args: Args): void {
    for (const listener of this.#listeners) {
      try {
        listener(...args);
      } catch (thrown) {
        this.#onThrow(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    }
  }
}
