import { anySignal } from "../../runtime/mod.ts";
import type { Sessions } from "../session/sessions.ts";

/** Waits for the first of some sessions to be gone. Those that are asked for again are watched on, not anew. */
export class Departures implements Disposable {
  readonly #sessions: Sessions;
  readonly #signal: AbortSignal;
  readonly #watched = new Map<string, { gone: Promise<string>; stop: AbortController }>();

  /** @param signal ends all that waits */
  constructor(sessions: Sessions, signal: AbortSignal) {
    this.#sessions = sessions;
    this.#signal = signal;
  }

  /** Whether that one is watched. */
  watches(name: string): boolean {
    return this.#watched.has(name);
  }

  /** Resolves with the name of the first that is gone. Others are watched no longer. */
  first(names: readonly string[]): Promise<string> {
    for (const [name, { stop }] of this.#watched) {
      if (names.includes(name)) continue;
      stop.abort(new Error(`The session "${name}" is asked for no longer`));
      this.#watched.delete(name);
    }
    for (const name of names) {
      if (!this.#watched.has(name)) this.#watched.set(name, this.#watch(name));
    }
    const first = Promise.race([...this.#watched.values()].map(({ gone }) => gone));
    first.catch(() => {}); // who waits for it is told
    return first;
  }

  /** Watches none any more. */
  [Symbol.dispose](): void {
    void this.first([]);
  }

  #watch(name: string): { gone: Promise<string>; stop: AbortController } {
    const stop = new AbortController();
    const signal = anySignal([this.#signal, stop.signal]);
    const gone = this.#sessions.gone(name, signal).then(() => name);
    gone.catch(() => {});
    return { gone, stop };
  }
}
