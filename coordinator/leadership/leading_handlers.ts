import { anySignal, type Handler, SerialHandlers } from "../../runtime/mod.ts";
import type { Mandate } from "./mandate.ts";

/** One time of leading, as a handler of `onLeading` sees it. */
export interface LeadingTerm {
  /** The fencing token, which only grows; none without an election. */
  readonly token: number | undefined;
  /** Aborts before another coordinator can lead, and when this one is to stop. */
  readonly signal: AbortSignal;
}

/** The handlers of `onLeading`: each hears one term after another, once it has ended with the last. */
export class LeadingHandlers {
  readonly #handlers: SerialHandlers<LeadingTerm>;
  readonly #onError: (error: unknown) => void;
  readonly #late = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  #term: LeadingTerm | undefined;

  /** @param onError hears what a handler throws or rejects with */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#handlers = new SerialHandlers(onError);
  }

  /** Adds a handler, and calls it if a term goes on; returns what removes it. */
  add(handler: Handler<LeadingTerm>): () => void {
    const hear = async (told: LeadingTerm): Promise<void> => {
      try {
        await handler(told);
      } catch (error) {
        // who passes on that its signal has aborted has done what it should
        if (!told.signal.aborted || error !== told.signal.reason) throw error;
      }
    };
    const term = this.#term;
    if (term !== undefined && !term.signal.aborted) {
      const call = Promise.resolve().then(() => hear(term))
        .catch(this.#onError)
        .finally(() => this.#late.delete(call));
      this.#late.add(call);
    }
    return this.#handlers.add((event) => event.signal.aborted ? undefined : hear(event));
  }

  /** Tells of a new term. */
  begin({ token, signal }: Mandate): void {
    if (this.#stop.signal.aborted) return;
    this.#term = { token, signal: anySignal([signal, this.#stop.signal]) };
    this.#handlers.emit(this.#term);
  }

  /** Ends the present term for the handlers; resolves when they have settled. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("Cannot go on leading: the coordinator is stopped"));
    await Promise.all([this.#handlers.settled(), ...this.#late]);
  }
}
