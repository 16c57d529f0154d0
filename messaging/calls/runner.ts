import type { Json } from "../wire/frame.ts";
import { failureOf } from "./failures.ts";
import type { Emit, Implementation } from "./implementation.ts";
import type { IncomingCall, Outcome, Run } from "./run.ts";
import { Turns } from "./turns.ts";

/** What a {@linkcode Runner} tells who gives it runs. */
export interface RunnerEvents {
  /** The handler has ended, however. */
  settled(run: Run, outcome: Outcome): void;
  /**
   * A stream has an item, which has been kept.
   *
   * @throws {RangeError} when it is longer than the caller takes
   */
  item(call: IncomingCall, n: number, item: Json | undefined): void;
  /** A handler that nobody waits for has thrown. */
  told(error: unknown): void;
  /** A handler tells an event, which has been checked. */
  emit: Emit;
}

/** Runs handlers, so many at once; the others wait, and callers take turns. */
export class Runner {
  readonly #implementation: Implementation;
  readonly #limits: { readonly concurrency: number; readonly queue: number };
  readonly #tell: RunnerEvents;
  readonly #turns = new Turns<Run>();
  readonly #running = new Set<Run>();
  #idle: (() => void)[] = [];

  /** A runner with nothing to do. */
  constructor(
    implementation: Implementation,
    limits: { readonly concurrency: number; readonly queue: number },
    events: RunnerEvents,
  ) {
    this.#implementation = implementation;
    this.#limits = limits;
    this.#tell = events;
  }

  /** Handlers that have not ended. */
  get running(): number {
    return this.#running.size;
  }

  /** Runs that have not begun. */
  get waiting(): number {
    return this.#turns.size;
  }

  /**
   * Begins a run, or lets it wait. Returns what there is no room for: this one, or one that waits for a
   * caller that has more waiting.
   */
  add(run: Run): Run | undefined {
    if (this.#running.size < this.#limits.concurrency) {
      this.#begin(run);
      return undefined;
    }
    const full = this.#turns.size >= this.#limits.queue;
    const refused = full ? this.#turns.yieldTo(run.lane) ?? run : undefined;
    if (refused !== run) this.#turns.push(run.lane, run);
    return refused;
  }

  /** Nobody waits for a run: it does not begin, or its handler is told. */
  stop(run: Run, reason: unknown): void {
    if (run.begun) run.abort(reason);
    else this.#turns.remove(run.lane, run);
  }

  /** Takes out all that have not begun. */
  takeWaiting(): Run[] {
    return this.#turns.clear();
  }

  /** Tells all handlers to stop. */
  abortAll(reason: unknown): void {
    for (const run of this.#running) run.abort(reason);
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #begin(run: Run): void {
    run.begun = true;
    this.#running.add(run);
    void this.#run(run);
  }

  async #run(run: Run): Promise<void> {
    const [call] = run.calls;
    let outcome: Outcome;
    try {
      if (call?.stream) await this.#stream(run, call);
      const output = call?.stream ? undefined : await this.#implementation.call(
        run.method,
        run.input,
        run,
        this.#tell.emit,
      );
      outcome = { output };
    } catch (e) {
      if (call === undefined) this.#tell.told(e);
      outcome = failureOf(e, this.#implementation.contract, run.method);
    }
    this.#running.delete(run);
    this.#tell.settled(run, outcome);
    while (this.#running.size < this.#limits.concurrency) {
      const next = this.#turns.shift();
      if (next === undefined) break;
      this.#begin(next);
    }
    if (this.#running.size === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
  }

  /** Pulls items while the caller takes them, and no further. */
  async #stream(run: Run, call: IncomingCall): Promise<void> {
    const { stream } = call;
    if (stream === undefined) return;
    const items = this.#implementation.stream(run.method, run.input, run, this.#tell.emit);
    let ended = false;
    function leave(): void {
      if (ended) return;
      ended = true;
      // what its clean-up throws has nobody to hear it: the call has been answered
      Promise.resolve(items.return?.()).catch(() => {});
    }
    run.onAborted = () => {
      stream.wake();
      leave();
    };
    try {
      for (;;) {
        while (!stream.hasCredit && !run.aborted) await stream.wait();
        if (!call.session.isRoomy) await call.session.roomy();
        if (run.aborted) return;
        const { done, value } = await items.next();
        if (done) {
          ended = true;
          return;
        }
        if (run.aborted) return;
        this.#tell.item(call, stream.push(value), value);
      }
    } finally {
      leave();
    }
  }
}
