import type { ErrorReporter } from "../runtime/mod.ts";

/**
 * Who takes part in something by handlers, which have to end before others take over. At the end of the primitives
 * these leave first: while they do, all else works, so that handlers can store what they have.
 */
export class Participants {
  readonly #all = new Set<() => Promise<void>>();
  readonly #errors: ErrorReporter;

  /** @param errors hears of those who cannot leave */
  constructor(errors: ErrorReporter) {
    this.#errors = errors;
  }

  /** Takes one in, by how it leaves; returns what takes it out again. */
  add(leave: () => Promise<void>): () => void {
    this.#all.add(leave);
    return () => void this.#all.delete(leave);
  }

  /** Lets all leave, those too who come meanwhile; resolves when none is left. */
  async leave(): Promise<void> {
    while (this.#all.size > 0) {
      const leaving = [...this.#all];
      this.#all.clear();
      await Promise.all(
        leaving.map((leave) => leave().catch((error) => this.#errors.report(error))),
      );
    }
  }
}
