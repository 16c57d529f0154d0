/**
 * What a coordinator may do now, as its leadership comes and goes.
 *
 * Winning a term is not yet leading: first the objects must be taken over, so that no write of an
 * older leader is accepted any more. That is tried until it succeeds or the term ends. Only then is
 * there a mandate here, and `begin` is called; when the mandate ends, `end` is. All of it is
 * sequential; it stops with the leadership.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { delay } from "../../kube/mod.ts";
import { asError, outside } from "../../runtime/mod.ts";
import type { Leadership, LeadershipChange } from "./leadership.ts";
import { type Mandate, NotLeadingError } from "./mandate.ts";

/** The first wait before taking over is tried again, in milliseconds; it doubles up to the last. */
const FIRST_RETRY = 100;
const LAST_RETRY = 5_000;

/** What follows from leading; see the module's text. */
export interface TenureHooks {
  /** Makes sure that nobody who led before can write any more. */
  takeOver(mandate: Mandate): Promise<void>;
  /** The mandate holds from now on. */
  begin(mandate: Mandate): void;
  /** The mandate has ended. */
  end(mandate: Mandate, reason: Error): void;
  /** Another one leads, or nobody does. */
  follow(leader: string | undefined): void;
  /** Hears why taking over failed; it is tried again. */
  onError(error: Error): void;
}

/** See the module's text. */
export class Tenure {
  readonly #leadership: Leadership;
  readonly #hooks: TenureHooks;
  readonly #ofHandler = new AsyncLocalStorage<Mandate | undefined>();
  #mandate: Mandate | undefined;
  #outcome: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  #takingOver: Promise<void> = Promise.resolve();

  /** Listens to a leadership that is not yet started. */
  constructor(leadership: Leadership, hooks: TenureHooks) {
    this.#leadership = leadership;
    this.#hooks = hooks;
    leadership.onChange((change) => this.#hear(change));
    leadership.onError((error) => hooks.onError(error));
  }

  /** The mandate, while this coordinator leads and has taken over. */
  get mandate(): Mandate | undefined {
    return this.#mandate;
  }

  /** Who leads, if it is another one and known. */
  get leader(): string | undefined {
    return this.#leadership.leader;
  }

  /**
   * The mandate to do something. In a handler it is the one under which the handler was called: what
   * was decided in one term is not done in the next.
   *
   * @throws {NotLeadingError} when there is none, or it has ended
   */
  require(what: string): Mandate {
    const mandate = this.#ofHandler.getStore() ?? this.#mandate;
    if (mandate === undefined) throw new NotLeadingError(what, { leader: this.leader });
    try {
      mandate.check();
    } catch (cause) {
      throw new NotLeadingError(what, { leader: this.leader, cause });
    }
    return mandate;
  }

  /** The handler, called under the mandate of the moment. */
  bind<E, R>(handler: (event: E) => R): (event: E) => R {
    return (event) => this.#ofHandler.run(this.#mandate, () => handler(event));
  }

  /**
   * Stands for election if it does not yet, and resolves when the outcome is known: with the mandate
   * once it has taken over, with nothing when another one leads.
   *
   * @throws {NotLeadingError} in a handler whose mandate has ended: no other one will do
   */
  async outcome(signal: AbortSignal): Promise<Mandate | undefined> {
    this.#ofHandler.getStore()?.check();
    this.start();
    const outcome = this.#outcome;
    if (outcome === undefined) return this.#mandate;
    signal.throwIfAborted();
    const onAbort = (): void => outcome.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await outcome.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    return this.#mandate;
  }

  /** Stands for election, if it does not yet. */
  start(): void {
    if (!this.#leadership.started) outside(() => this.#leadership.start());
  }

  /** Gives leadership back; resolves when the next one can lead. */
  async close(): Promise<void> {
    await this.#leadership.close();
    this.#mandate = undefined;
    await this.#takingOver;
  }

  #hear(change: LeadershipChange): void {
    switch (change.type) {
      case "leading":
        this.#outcome ??= Promise.withResolvers();
        this.#takingOver = this.#takeOver(change.mandate);
        return;
      case "following":
        this.#hooks.follow(change.leader);
        if (change.leader !== undefined) this.#decided(); // else it may lead at once
        return;
      case "lost":
        if (this.#mandate !== change.mandate) return; // it never came to lead
        this.#mandate = undefined;
        return this.#hooks.end(change.mandate, change.reason);
    }
  }

  /** Never rejects. */
  async #takeOver(mandate: Mandate): Promise<void> {
    const { signal } = mandate;
    for (let wait = FIRST_RETRY; !signal.aborted; wait = Math.min(wait * 2, LAST_RETRY)) {
      try {
        await this.#hooks.takeOver(mandate);
        mandate.check();
        this.#mandate = mandate;
        this.#hooks.begin(mandate);
        return this.#decided();
      } catch (thrown) {
        if (signal.aborted) return;
        this.#hooks.onError(asError(thrown));
      }
      await delay(wait, signal).catch(() => {}); // the end of the term ends the loop
    }
  }

  #decided(): void {
    this.#outcome?.resolve();
    this.#outcome = undefined;
  }
}
