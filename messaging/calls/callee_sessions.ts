import type { CalleeSession } from "./callee_session.ts";
import type { Deadlines } from "./deadlines.ts";

/** Milliseconds that a session is kept without a channel. */
export const SESSION_MS = 60_000;

/** Sessions without a channel; of more, the oldest ends. */
const MAX_DETACHED = 1_000;

/** The sessions of callers. One without a channel is kept for a while, and not too many of these are. */
export class CalleeSessions {
  readonly #deadlines: Deadlines;
  readonly #end: (id: string, reason: string) => void;
  readonly #all = new Map<string, CalleeSession>();
  /** Those whose channel has ended, the oldest first. */
  readonly #detached = new Set<CalleeSession>();

  /** @param end ends a session that is kept no longer, and removes it */
  constructor(deadlines: Deadlines, end: (id: string, reason: string) => void) {
    this.#deadlines = deadlines;
    this.#end = end;
  }

  /** All of them; they may be removed while one looks at them. */
  get all(): Iterable<CalleeSession> {
    return this.#all.values();
  }

  /** The session of that id. */
  get(id: string): CalleeSession | undefined {
    return this.#all.get(id);
  }

  /** It has a channel. */
  attached(session: CalleeSession): void {
    this.#all.set(session.id, session);
    this.#detached.delete(session);
  }

  /** It has no channel: from now on it is kept for so long, if it is one of these. */
  keep(session: CalleeSession): void {
    if (this.#all.get(session.id) !== session) return;
    session.expiry?.clear();
    session.expiry = this.#deadlines.after(
      SESSION_MS,
      () => this.#end(session.id, "its caller has gone"),
    );
    this.#detached.delete(session);
    this.#detached.add(session);
    if (this.#detached.size <= MAX_DETACHED) return;
    for (const { id } of this.#detached) return this.#end(id, "too many callers have gone");
  }

  /** It is over. */
  remove(session: CalleeSession): void {
    this.#all.delete(session.id);
    this.#detached.delete(session);
    session.expiry?.clear();
    session.detach();
  }
}
