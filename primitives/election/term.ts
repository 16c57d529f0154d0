import type { Fenced, FencingToken } from "../fencing/fencing_token.ts";

/** One time of leading. */
export interface Term extends Fenced {
  /** `election/<namespace>/<name>`, with the name of the Lease. */
  readonly scope: string;
  /** Higher than that of every earlier term. */
  readonly token: FencingToken;
  /** The identity of the candidate that leads. */
  readonly holder: string;
  /**
   * Aborts when the term is over, before the lease can expire; its reason is a
   * {@linkcode LeadershipLostError}. The timer behind it fires late in a process that was stopped:
   * before a step that needs leadership ask {@linkcode Term.throwIfOver}.
   */
  readonly signal: AbortSignal;
  /**
   * Milliseconds by the monotonic clock until the term is over unless the lease is renewed, 0 when it
   * is over. Looking ends an overdue term: the signal is aborted when this returns 0.
   */
  remainingMs(): number;
  /** Throws the signal's reason when the term is over, as `remainingMs()` judges it. */
  throwIfOver(): void;
}

/** Why a term is over: the reason of its signal. */
export class LeadershipLostError extends Error {
  /** Always `"LeadershipLostError"`. */
  override readonly name = "LeadershipLostError";
  /** The token of the term that is over. */
  readonly token: FencingToken;

  /** An error with this text. */
  constructor(message: string, options: ErrorOptions & { token: FencingToken }) {
    super(message, options);
    this.token = options.token;
  }
}

/** What the election tells its term. */
export interface TermWatch {
  /** Milliseconds until the deadline that stands now. */
  remaining(): number;
  /** Somebody saw that the deadline has passed: ends the term. */
  overdue(): void;
}

/** What a term is known by. */
export type OwnTermInit = Pick<Term, "scope" | "token" | "holder">;

/** A term, as the election that made it holds it. */
export class OwnTerm implements Term {
  readonly scope: string;
  readonly token: FencingToken;
  readonly holder: string;
  readonly #watch: TermWatch;
  readonly #controller: AbortController = new AbortController();

  constructor({ scope, token, holder }: OwnTermInit, watch: TermWatch) {
    this.scope = scope;
    this.token = token;
    this.holder = holder;
    this.#watch = watch;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remainingMs(): number {
    if (this.signal.aborted) return 0;
    const left = this.#watch.remaining();
    if (left > 0) return left;
    this.#watch.overdue();
    return 0;
  }

  throwIfOver(): void {
    this.remainingMs();
    this.signal.throwIfAborted();
  }

  /** Aborts the signal. */
  end(reason: LeadershipLostError): void {
    this.#controller.abort(reason);
  }
}
