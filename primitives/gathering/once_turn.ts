import { anySignal } from "../../runtime/mod.ts";
import type { Fenced, FencingToken } from "../fencing/fencing_token.ts";
import type { Session } from "../session/session.ts";

/** What the function of `Once.run` is given: its right to do it. */
export interface Turn extends Fenced {
  /** `once/<namespace>/<name>`. */
  readonly scope: string;
  /** Higher than that of every earlier turn. */
  readonly token: FencingToken;
  /**
   * Aborts when the turn is over: the session is lost (a `SessionLostError`), or the call of `run` was ended.
   * The timer behind it fires late in a process that was stopped: ask {@linkcode Turn.throwIfOver}.
   */
  readonly signal: AbortSignal;
  /** Milliseconds by the monotonic clock until it is over unless the session is renewed; 0 when it is over. */
  remainingMs(): number;
  /** Throws the signal's reason when it is over, as `remainingMs()` judges it. */
  throwIfOver(): void;
}

/** A turn that is over with the session, or when `ended` aborts. */
export function turnOf(
  session: Session,
  { scope, token, ended }: { scope: string; token: FencingToken; ended: AbortSignal },
): Turn {
  const signal = anySignal([ended, session.signal]);
  const remainingMs = () => {
    const left = session.remainingMs();
    return signal.aborted ? 0 : left;
  };
  return {
    scope,
    token,
    signal,
    remainingMs,
    throwIfOver: () => {
      remainingMs();
      signal.throwIfAborted();
    },
  };
}
