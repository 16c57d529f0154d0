/**
 * What `Mutex`, `ReadWriteLock` and `Semaphore` have in common: a queue in a record, and sessions.
 *
 * Flow: to acquire is to add oneself to the queue by one write, and to watch the record until one stands in
 * the prefix that holds. The version at which that was seen is the token. Whoever waits watches the session of
 * the one before it, and the first who waits those of all who hold; if one is gone, its entries are removed
 * by one write. To release, or to give up, is to remove oneself by one write.
 *
 * What is in doubt: if it is not known whether an entry was added, it is removed by a write that changes
 * the record in any case, so that what is still on its way is refused. So no entry stays that nobody knows of,
 * unless its session ends first, and then the others remove it. If the session is lost while it waits, the
 * wait begins anew, at the end of the queue. If its entry is gone though its session lives (somebody deleted
 * the object), too.
 *
 * Liveness without a watch: whoever hears nothing reads the record, the n-th who waits after n times
 * `leaseDuration`.
 *
 * @module
 */
import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import { type SharedRecord, UnknownOutcomeError, type Versioned } from "../record/mod.ts";
import type { Session } from "../session/mod.ts";
import { bounded, pause, type WaitOptions } from "../waiting.ts";
import type { Hold } from "./hold.ts";
import { LimitMismatchError } from "./limit_mismatch_error.ts";
import { LockHold } from "./lock_hold.ts";
import {
  type HoldersRule,
  type LockEntry,
  type LockQueue,
  lockQueueSchema,
  placeOf,
  withEntry,
  withoutEntry,
} from "./lock_queue.ts";
import { removeDead } from "./remove_dead.ts";
import { Turn } from "./turn.ts";

/** The wait before one who was removed from the queue stands in line again, at most, in milliseconds. */
const AGAIN_WAITS = { first: 50, longest: 2_000 };

/** The wait before one tries again to leave the queue, in milliseconds, after an error that may last. */
const LEAVE_WAIT = 2_000;

/** What is wanted of a lock. */
export type LockRequest = Pick<LockEntry, "mode" | "permits">;

/** One that stands in line, as long as its session and its caller want it. */
interface Attempt {
  readonly entry: LockEntry;
  readonly session: Session;
  readonly alive: AbortSignal;
}

/** Options of {@linkcode QueueLock}. */
export interface QueueLockOptions {
  /** Such as `mutex`. */
  readonly kind: string;
  readonly name: string;
  /** Which part of the queue holds. */
  readonly rule: HoldersRule;
  /** How many permits there are, of what has permits: all must say the same. */
  readonly limit?: number;
}

/** See the module's text. */
export class QueueLock {
  readonly name: string;
  readonly #context: PrimitiveContext;
  readonly #kind: string;
  readonly #rule: HoldersRule;
  readonly #limit: number | undefined;
  readonly #record: SharedRecord<LockQueue>;

  /** Nothing is sent yet. */
  constructor(context: PrimitiveContext, { kind, name, rule, limit }: QueueLockOptions) {
    this.name = name;
    this.#context = context;
    this.#kind = kind;
    this.#rule = rule;
    this.#limit = limit;
    const definition = { kind, name, schema: lockQueueSchema, empty: { queue: [] } };
    this.#record = context.records.get<LockQueue>(definition);
  }

  /** For messages: `mutex "orders"`. */
  get title(): string {
    return `${this.#kind} "${this.name}"`;
  }

  /** Waits for its turn. */
  async acquire(request: LockRequest, options: WaitOptions): Promise<Hold> {
    return await this.#bounded(options, async (signal) => {
      const id = newEntryId();
      for (;;) {
        const hold = await this.#attempt({ id, ...request }, signal, (it) => this.#turn(it));
        if (hold) return hold;
      }
    });
  }

  /** Holds if nobody has to be waited for. */
  async tryAcquire(request: LockRequest, options: WaitOptions): Promise<Hold | undefined> {
    return await this.#bounded(options, async (signal) => {
      return await this.#attempt({ id: newEntryId(), ...request }, signal, async (attempt) => {
        const holds = (state: LockQueue) => placeOf(state, attempt.entry, this.#rule)?.holds;
        const { state, version } = await this.#update(attempt, (before) => {
          const after = this.#with(before, attempt.entry);
          return after && holds(after) ? after : undefined;
        });
        return holds(state) ? version : undefined;
      });
    });
  }

  /** Does it as long as the session lives; nothing comes of it if that is lost. */
  async #attempt(
    request: LockRequest & { id: string },
    signal: AbortSignal,
    work: (attempt: Attempt) => Promise<FencingToken | undefined>,
  ): Promise<Hold | undefined> {
    const session = await this.#context.sessions.own(signal);
    const entry = { ...request, session: session.name, who: this.#context.identity };
    const alive = anySignal([signal, session.signal]);
    try {
      const token = await work({ entry, session, alive });
      if (token !== undefined && session.remainingMs() > 0) {
        return this.#hold(entry, session, token);
      }
    } catch (error) {
      signal.throwIfAborted(); // also if it was in doubt then: that is seen to
      if (session.remainingMs() > 0) throw error;
    }
    return undefined;
  }

  async #turn(attempt: Attempt): Promise<FencingToken> {
    const { clock, random, background } = this.#context;
    const { entry, session, alive } = attempt;
    const turn = new Turn(this.#context, { record: this.#record, entry, rule: this.#rule });
    for (let times = 0;; times++) {
      const now = await this.#join(attempt);
      try {
        const token = await turn.wait(now, alive);
        if (token !== undefined) return token;
      } catch (error) {
        background.run(this.#leave(entry, session));
        throw error;
      }
      const { first, longest } = AGAIN_WAITS;
      await pause(clock, random() * Math.min(first * 2 ** times, longest), alive);
    }
  }

  /** Stands in line; if others say that there is another number of permits, only if they are dead. */
  async #join(attempt: Attempt): Promise<Versioned<LockQueue>> {
    const { entry, session, alive: signal } = attempt;
    for (let isLast = false;; isLast = true) {
      try {
        return await this.#update(attempt, (state) => this.#with(state, entry));
      } catch (error) {
        if (isLast || !(error instanceof LimitMismatchError)) throw error;
        const { queue: entries } = error;
        if (entries.some((it) => it.session === session.name)) throw error;
        await removeDead(this.#context, { record: this.#record, entries, signal });
      }
    }
  }

  #with(state: LockQueue, entry: LockEntry): LockQueue | undefined {
    const limit = this.#limit;
    if (limit === undefined) return withEntry(state, entry);
    if (state.queue.length > 0 && state.limit !== limit) {
      throw new LimitMismatchError(
        `Cannot acquire ${this.title}: it has ${limit} permits here, and ${state.limit} for those ` +
          "who hold it or wait for it",
        state.queue,
      );
    }
    return withEntry({ ...state, limit }, entry);
  }

  /** Adds the entry, or does not; if this fails and it is not known which, it is removed. */
  async #update(
    { entry, session, alive }: Attempt,
    decide: (state: LockQueue) => LockQueue | undefined,
  ): Promise<Versioned<LockQueue>> {
    for (let inDoubt = false;;) {
      try {
        return await this.#record.update(decide, alive);
      } catch (error) {
        inDoubt ||= error instanceof UnknownOutcomeError;
        if (alive.aborted || !(error instanceof UnknownOutcomeError)) {
          if (inDoubt) this.#context.background.run(this.#leave(entry, session, { inDoubt }));
          throw error;
        }
        this.#context.errors.report(error); // and again: to add it twice is to add it once
      }
    }
  }

  #hold(entry: LockEntry, session: Session, token: FencingToken): LockHold {
    const { name } = this;
    const scope = `${this.#kind}/${this.#context.namespace}/${name}`;
    const giveBack = () => this.#release(entry, session);
    return new LockHold({ name, scope, token, session, giveBack });
  }

  async #release(entry: LockEntry, session: Session): Promise<void> {
    if (session.remainingMs() === 0) return;
    try {
      await this.#record.update((state) => withoutEntry(state, entry.id), session.signal);
    } catch (error) {
      if (session.remainingMs() === 0) return;
      this.#context.background.run(this.#leave(entry, session));
      if (!(error instanceof UnknownOutcomeError)) throw error;
    }
  }

  /** Removes an entry; gives up only when its session ends, which the others find out. */
  async #leave(entry: LockEntry, session: Session, { inDoubt = false } = {}): Promise<void> {
    const { clock, errors } = this.#context;
    const { signal } = session;
    while (session.remainingMs() > 0) {
      try {
        // of what is in doubt nothing may come after this: so it writes in any case
        const decide = (state: LockQueue) =>
          withoutEntry(state, entry.id) ?? (inDoubt ? state : undefined);
        await this.#record.update(decide, signal);
        return;
      } catch (error) {
        if (session.remainingMs() === 0) return;
        errors.report(error);
      }
      await pause(clock, LEAVE_WAIT, signal).catch(() => {});
    }
  }

  #bounded<T>(options: WaitOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, signal: life } = this.#context;
    return bounded({ ...options, clock, life, doing: `acquire ${this.title}` }, work);
  }
}

function newEntryId(): string {
  return crypto.randomUUID().slice(0, 13);
}
