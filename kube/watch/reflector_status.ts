/** How a reflector stands with the server. */
export type ReflectorState = "connecting" | "connected" | "synced" | "stale" | "disconnected";

/** What can be read about a reflector at any time. */
export interface ReflectorHealth {
  /**
   * `connecting` before the first answer, `connected` after one, `synced` while what is known
   * is complete and kept up to date, `stale` when nothing was heard for `staleAfter`,
   * `disconnected` while trying again.
   */
  readonly state: ReflectorState;
  /** Whether a full list was ever read. */
  readonly synced: boolean;
  /** Milliseconds since anything was heard of the server; Infinity before the first answer. */
  readonly lastHeardMs: number;
  /**
   * Milliseconds since its loop last heard something or turned to its next step, be it a failed
   * attempt. It is bounded however the server fails; it grows without end when the loop is stuck.
   */
  readonly lastActiveMs: number;
  /** Watches opened after the first one. */
  readonly reconnects: number;
  /** Lists begun after the first one was complete. */
  readonly relists: number;
  /** Lines and pages that could not be decoded. */
  readonly malformed: number;
  /** What last went wrong. */
  readonly lastError?: Error;
}

/** What {@linkcode ReflectorStatus} counts. */
export type StatusCounter = "reconnects" | "relists" | "malformed";

/** Keeps the state and the counts of one reflector, and the timer that finds it stale. */
export class ReflectorStatus {
  readonly #staleAfter: number;
  readonly #tell: (state: ReflectorState, error?: Error) => void;
  readonly #counts: Record<StatusCounter, number> = { reconnects: 0, relists: 0, malformed: 0 };
  #state: ReflectorState = "connecting";
  #synced = false;
  #lastHeard: number | undefined;
  #lastActive: number = performance.now();
  #lastError: Error | undefined;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /**
   * @param staleAfter Milliseconds of silence until the state is `stale`.
   * @param tell Hears each change of the state.
   */
  constructor(staleAfter: number, tell: (state: ReflectorState, error?: Error) => void) {
    this.#staleAfter = staleAfter;
    this.#tell = tell;
  }

  /** A copy of the present values. */
  get health(): ReflectorHealth {
    const lastHeardMs = this.#lastHeard === undefined
      ? Infinity
      : performance.now() - this.#lastHeard;
    const lastActiveMs = performance.now() - this.#lastActive;
    const { reconnects, relists, malformed } = this.#counts;
    return {
      state: this.#state,
      synced: this.#synced,
      lastHeardMs,
      lastActiveMs,
      reconnects,
      relists,
      malformed,
      lastError: this.#lastError,
    };
  }

  /** Adds one to a count. */
  count(counter: StatusCounter): void {
    this.#counts[counter]++;
  }

  /** The loop turned to its next step. */
  active(): void {
    this.#lastActive = performance.now();
  }

  /** Something was heard on an open watch: postpones staleness. */
  heard(): void {
    this.#lastHeard = this.#lastActive = performance.now();
    this.#stopTimer();
    if (this.#stopped) return; // an answer may come after the end
    this.#staleTimer = setTimeout(() => {
      if (this.#state === "synced" || this.#state === "connected") this.#become("stale");
    }, this.#staleAfter);
  }

  /** The server answered a request; what is known may be old. */
  connected(): void {
    this.heard();
    if (this.#state !== "synced") this.#become("connected");
  }

  /** What is known is complete and kept up to date. */
  synced(): void {
    this.#synced = true;
    this.#become("synced");
  }

  /** An attempt failed; the next one follows. */
  disconnected(error: Error): void {
    this.#lastError = error;
    this.#stopTimer();
    this.#become("disconnected", error);
  }

  /** Stops the timer, for good. */
  stop(): void {
    this.#stopped = true;
    this.#stopTimer();
  }

  #become(state: ReflectorState, error?: Error): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell(state, error);
  }

  #stopTimer(): void {
    clearTimeout(this.#staleTimer);
    this.#staleTimer = undefined;
  }
}
