/**
 * The life of one call of the transport: it ends when its answer is complete, or is aborted by the
 * caller's signal, by a time-out or by the transport's closing. `signal` tells which, by its reason.
 */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #open: Set<CallScope>;
  readonly #caller?: AbortSignal;
  #timer?: ReturnType<typeof setTimeout>;

  /** `open` holds this until it ends. */
  constructor(open: Set<CallScope>, caller?: AbortSignal) {
    this.#open = open;
    this.#caller = caller;
    open.add(this);
    if (caller?.aborted) this.abort(caller.reason);
    else caller?.addEventListener("abort", this.#callerAborts, { once: true });
  }

  /** Aborts when the call is over before its answer was complete. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #callerAborts = () => this.abort(this.#caller!.reason);

  /** Aborts with the error of `reason` unless disarmed within `ms`. */
  arm(ms: number, reason: () => Error): void {
    this.disarm();
    this.#timer = setTimeout(() => this.abort(reason()), ms);
  }

  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  abort(reason: unknown): void {
    this.end();
    this.#controller.abort(reason);
  }

  /** Lets go of the caller's signal and the timer. */
  end(): void {
    this.disarm();
    this.#caller?.removeEventListener("abort", this.#callerAborts);
    this.#open.delete(this);
  }
}
