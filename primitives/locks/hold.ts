import type { Fenced, FencingToken } from "../fencing/fencing_token.ts";

/** Something that this process holds: a lock, a permit, a key. */
export interface Hold extends Fenced, AsyncDisposable {
  /** The name of what is held. */
  readonly name: string;
  /** `<kind>/<namespace>/<name>`, such as `mutex/shop/orders`. */
  readonly scope: string;
  /** Higher than that of every earlier holder. */
  readonly token: FencingToken;
  /**
   * Aborts when it is held no longer, before others can take it; the reason is a `SessionLostError` if it was
   * not given back. The timer behind it fires late in a process that was stopped: before a step that needs
   * the hold ask {@linkcode Hold.throwIfOver}.
   */
  readonly signal: AbortSignal;
  /**
   * Milliseconds by the monotonic clock until it is over unless the session is renewed, 0 when it is over.
   * Looking ends one that is overdue: the signal is aborted when this returns 0.
   */
  remainingMs(): number;
  /** Throws the signal's reason when it is over, as `remainingMs()` judges it. */
  throwIfOver(): void;
  /**
   * Gives it back; resolves when that is stored, or when it turns out to be lost. Again does nothing. Rejects
   * with what does not pass, such as a missing permission; then it is tried again in the background until the
   * session ends.
   */
  release(): Promise<void>;
}
