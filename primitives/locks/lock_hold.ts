import type { FencingToken } from "../fencing/fencing_token.ts";
import type { Session } from "../session/mod.ts";
import type { Hold } from "./hold.ts";

/** What a {@linkcode LockHold} is made of. */
export interface LockHoldInit {
  readonly name: string;
  readonly scope: string;
  readonly token: FencingToken;
  /** What it lives by. */
  readonly session: Session;
  /** Removes it from where others see it; called once. */
  readonly giveBack: () => Promise<void>;
}

/** A hold that lasts as long as a session, or until it is released. */
export class LockHold implements Hold {
  readonly name: string;
  readonly scope: string;
  readonly token: FencingToken;
  readonly #session: Session;
  readonly #giveBack: () => Promise<void>;
  readonly #over = new AbortController();
  #released: Promise<void> | undefined;

  /** It begins now. */
  constructor({ name, scope, token, session, giveBack }: LockHoldInit) {
    this.name = name;
    this.scope = scope;
    this.token = token;
    this.#session = session;
    this.#giveBack = giveBack;
    const { signal } = session;
    const onAbort = () => this.#over.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.signal.addEventListener("abort", () => signal.removeEventListener("abort", onAbort), {
      once: true,
    });
    if (signal.aborted) onAbort();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  remainingMs(): number {
    return this.signal.aborted ? 0 : this.#session.remainingMs();
  }

  throwIfOver(): void {
    this.remainingMs();
    this.signal.throwIfAborted();
  }

  release(): Promise<void> {
    if (this.#released) return this.#released;
    this.#over.abort(new Error(`"${this.scope}" was released`)); // first, so that nobody trusts in it
    return this.#released = this.#giveBack();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
