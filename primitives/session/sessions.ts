import type { RequestContext } from "../context.ts";
import { unlessAborted } from "../waiting.ts";
import { Session } from "./session.ts";
import { ownPod } from "./session_lease.ts";
import { SessionWatch } from "./session_watch.ts";

/** This process as one that lives, and whether others do. */
export class Sessions {
  readonly #context: RequestContext;
  readonly #watches = new Map<string, { watch: SessionWatch; users: number }>();
  #own: Promise<Session> | undefined;

  /** Nothing is sent yet. */
  constructor(context: RequestContext) {
    this.#context = context;
  }

  /** The session of this process; begins one if there is none, or if that is over. */
  async own(signal: AbortSignal): Promise<Session> {
    for (;;) {
      signal.throwIfAborted();
      const own = this.#own ??= this.#begin();
      const session = await unlessAborted(signal, own);
      if (session.remainingMs() > 0) return session;
      if (this.#own === own) this.#own = undefined;
    }
  }

  /** Resolves when the session of that name is gone; rejects with the signal's reason when that aborts. */
  async gone(name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const entry = this.#watches.get(name) ??
      { watch: new SessionWatch(this.#context, name), users: 0 };
    this.#watches.set(name, entry);
    entry.users++;
    try {
      await unlessAborted(signal, entry.watch.gone);
    } finally {
      if (--entry.users === 0) {
        this.#watches.delete(name);
        this.#context.background.run(entry.watch.close());
      }
    }
  }

  /** Ends the session of this process, and looks for no other. */
  async close(): Promise<void> {
    const own = this.#own;
    for (const { watch } of this.#watches.values()) this.#context.background.run(watch.close());
    await own?.then((session) => session.close(), () => {}); // who asked for it was told
  }

  #begin(): Promise<Session> {
    const { namespace, signal } = this.#context;
    const name = `troupe-session-${crypto.randomUUID()}`;
    const own = Session.begin(this.#context, { name, owner: ownPod(namespace) }, signal);
    own.catch(() => {
      if (this.#own === own) this.#own = undefined; // the next one tries again
    });
    return own;
  }
}
