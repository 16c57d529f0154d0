import type { ErrorReporter } from "../runtime/mod.ts";

/** What goes on when nobody waits for it: closing a watch, removing what was given up. It has one owner. */
export class Background {
  readonly #tasks = new Set<Promise<void>>();
  readonly #errors: ErrorReporter;

  /** @param errors hears of tasks that fail */
  constructor(errors: ErrorReporter) {
    this.#errors = errors;
  }

  /** Takes a task over. */
  run(task: Promise<unknown>): void {
    const settled = task.then(() => {}, (error) => this.#errors.report(error));
    this.#tasks.add(settled);
    void settled.then(() => this.#tasks.delete(settled));
  }

  /** Resolves when none is left. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
