/**
 * One hold of a key in the member that has it: calls its handlers.
 *
 * Flow: `onAcquire` is called. When the hold ends its signal aborts; when the promise of `onAcquire` has settled
 * too, `onRelease` is called, and when that has settled the tenure is over. If `onAcquire` fails before its signal aborts, the same happens, and then it is
 * called again, after a wait that grows, with the same token and another signal.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { Fenced, FencingToken } from "../fencing/fencing_token.ts";
import type { Session } from "../session/mod.ts";
import { pause } from "../waiting.ts";

/** The wait before a handler that failed is called again, in milliseconds: it doubles each time. */
const RETRY_WAITS = { first: 1_000, longest: 60_000 };

/** What is called for a key. */
export interface KeyHandlers {
  /**
   * The key is held. It may return at once, or work until the signal aborts. The signal aborts when the key is
   * held no longer: then end all that is done for the key.
   */
  onAcquire(key: string, token: FencingToken, signal: AbortSignal): unknown;
  /** All has ended but this; when it has settled too, another gets the key. */
  onRelease?(key: string): unknown;
}

/** A key that this member holds. */
export interface OwnedKey extends Fenced {
  /** The key. */
  readonly key: string;
  /** `ownership/<namespace>/<name>/<key>`. */
  readonly scope: string;
  /** Higher than that of every earlier holder of the key. */
  readonly token: FencingToken;
  /**
   * Aborts when the key is held no longer, before others can get it. The timer behind it fires late in a process
   * that was stopped: before a step that needs the key ask {@linkcode OwnedKey.throwIfOver}.
   */
  readonly signal: AbortSignal;
  /** Milliseconds by the monotonic clock until it is over unless the session is renewed, 0 when it is over. */
  remainingMs(): number;
  /** Throws the signal's reason when it is over, as `remainingMs()` judges it. */
  throwIfOver(): void;
}

/** What a {@linkcode Tenure} is made of. */
export interface TenureInit {
  readonly context: RequestContext;
  readonly key: string;
  readonly scope: string;
  readonly token: FencingToken;
  readonly session: Session;
  readonly handlers: KeyHandlers;
}

/** See the module's text. */
export class Tenure implements OwnedKey {
  readonly key: string;
  readonly scope: string;
  readonly token: FencingToken;
  /** Resolves when nothing runs for it any more. */
  readonly over: Promise<void>;
  readonly #init: TenureInit;
  readonly #end = new AbortController();
  #attempt = new AbortController();
  #running = false;

  /** It begins now. */
  constructor(init: TenureInit) {
    this.key = init.key;
    this.scope = init.scope;
    this.token = init.token;
    this.#init = init;
    this.over = this.#run();
  }

  get signal(): AbortSignal {
    return this.#attempt.signal;
  }

  /** Whether it was told to end. */
  get ending(): boolean {
    return this.#end.signal.aborted;
  }

  /** Whether a handler has the key. */
  get held(): boolean {
    return this.#running && this.remainingMs() > 0;
  }

  remainingMs(): number {
    return this.signal.aborted ? 0 : this.#init.session.remainingMs();
  }

  throwIfOver(): void {
    this.remainingMs();
    this.signal.throwIfAborted();
  }

  /** Ends it: the signal aborts now. */
  end(reason: unknown): void {
    this.#end.abort(reason);
    this.#attempt.abort(reason);
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // who begins it has to know it first
    const { context: { clock, errors, random } } = this.#init;
    const { signal } = this.#end;
    try {
      for (let failures = 0;; failures++) {
        this.#init.session.throwIfOver();
        signal.throwIfAborted();
        if (failures > 0) this.#attempt = new AbortController();
        await this.#serve();
        const { first, longest } = RETRY_WAITS;
        const wait = Math.min(first * 2 ** failures, longest);
        await pause(clock, wait * (0.5 + random() / 2), signal);
      }
    } catch (error) {
      if (!signal.aborted) errors.report(error);
    }
  }

  /** Calls the handlers once. Returns when both have ended, never by an error. */
  async #serve(): Promise<void> {
    const { handlers } = this.#init;
    const { key, token, signal } = this;
    const attempt = this.#attempt;
    this.#running = true;
    try {
      await handlers.onAcquire(key, token, signal);
      await untilAborted(signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) this.#report("onAcquire", error);
      attempt.abort(error);
    }
    this.#running = false;
    try {
      await handlers.onRelease?.(key);
    } catch (error) {
      this.#report("onRelease", error);
    }
  }

  #report(handler: keyof KeyHandlers, cause: unknown): void {
    const message = `Cannot serve "${this.scope}": its ${handler} failed`;
    this.#init.context.errors.report(new Error(message, { cause }));
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
