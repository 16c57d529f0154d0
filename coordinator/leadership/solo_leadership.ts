import type { Leadership, LeadershipChange } from "./leadership.ts";
import { type Mandate, NotLeadingError } from "./mandate.ts";

/** Leads from the start to the end, without an election and without a token. */
export class SoloLeadership implements Leadership {
  readonly #end = new AbortController();
  readonly #listeners: ((change: LeadershipChange) => void)[] = [];
  readonly #mandate: Mandate = {
    token: undefined,
    signal: this.#end.signal,
    check: () => {
      if (this.#end.signal.aborted) {
        throw new NotLeadingError("change the cluster", { why: "the coordinator is stopped" });
      }
    },
  };
  #started = false;

  /** The one mandate; there from the start. */
  get mandate(): Mandate | undefined {
    return this.#started && !this.#end.signal.aborted ? this.#mandate : undefined;
  }

  /** Nobody else leads. */
  readonly leader = undefined;

  /** Whether it has begun. */
  get started(): boolean {
    return this.#started;
  }

  /** See {@linkcode Leadership}. */
  onChange(listener: (change: LeadershipChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Nothing can fail here. */
  onError(): void {}

  /** Leads at once. */
  start(): void {
    if (this.#started || this.#end.signal.aborted) return;
    this.#started = true;
    for (const listener of this.#listeners) listener({ type: "leading", mandate: this.#mandate });
  }

  /** Ends the mandate. */
  close(): Promise<void> {
    this.#end.abort(new Error("The coordinator is stopped"));
    return Promise.resolve();
  }
}
