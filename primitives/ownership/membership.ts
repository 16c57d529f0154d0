/**
 * One life of a member: from when it joins by a session until that is lost or it has left.
 *
 * Flow: what is to be written (that it joins or goes, names other keys, has released some, found others gone)
 * is gathered for `GATHER_MS` and then made one write, one after another. The record, as it is seen to change, tells
 * which keys the member has: it begins a tenure for each, and ends those that others are to have. All
 * hangs on one rule: the record says that a key is ours until we write that it is not or our session is gone.
 * So a key whose tenure is over is written to be released, and no tenure of it begins before the outcome of that
 * write is known.
 *
 * @module
 */
import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import { type SharedRecord, UnknownOutcomeError, type Versioned } from "../record/mod.ts";
import type { Session } from "../session/mod.ts";
import { pause, unlessAborted } from "../waiting.ts";
import type { KeySet } from "./key_set.ts";
import { Neighbors } from "./neighbors.ts";
import { type OwnershipFacts, step } from "./ownership_step.ts";
import type { OwnershipState } from "./ownership_state.ts";
import type { Tenure } from "./tenure.ts";

/** How long changes are gathered for one write, in milliseconds. */
const GATHER_MS = 25;

/** The wait after a write that was refused for good, at most, in milliseconds: it doubles each time. */
const REFUSED_WAITS = { first: 500, longest: 8_000 };

/** What a {@linkcode Membership} is made of. */
export interface MembershipInit {
  readonly context: PrimitiveContext;
  readonly record: SharedRecord<OwnershipState>;
  readonly session: Session;
  /** Ids by which the same member took part before; emptied when they are out of the record. */
  readonly former: Set<string>;
  /** Milliseconds that keys stay where they are after others have joined. */
  readonly settle: number;
  /** The keys to name, as they are now. */
  readonly keys: () => KeySet;
  /** Keys for which something still runs by which it had them in an earlier life: it does not name them. */
  readonly stuck: ReadonlySet<string>;
  /** The keys cannot be stored: says whether there are others now. */
  readonly refuse: (keys: KeySet, error: unknown) => boolean;
  /** Begins a tenure. */
  readonly begin: (key: string, token: FencingToken) => Tenure;
}

/** See the module's text. */
export class Membership {
  /** What it is known by in the record. */
  readonly id: string = crypto.randomUUID().slice(0, 8);
  readonly #init: MembershipInit;
  readonly #over = new AbortController();
  readonly #neighbors: Neighbors;
  readonly #tenures = new Map<string, Tenure>();
  /** The keys whose tenures are over, until that is written. */
  readonly #released = new Set<string>();
  readonly #gone = new Set<string>();
  #joined = false;
  #leaving = false;
  /** Nobody knows what became of an earlier write. */
  #inDoubt = false;
  /** It takes keys. */
  #settled = false;
  /** There is something to write. */
  #due = Promise.withResolvers<void>();
  #stopWatch = () => {};
  #cancelReading = () => {};
  #cancelSettling = () => {};
  #cancelGiving: (() => void) | undefined;

  /** It joins when it is told to run. */
  constructor(init: MembershipInit) {
    this.#init = init;
    this.#neighbors = new Neighbors(init.context, (session) => {
      this.#gone.add(session);
      this.write();
    });
  }

  /** The tenures that are not over. */
  get tenures(): Iterable<Tenure> {
    return this.#tenures.values();
  }

  /** The tenures whose handlers have their keys. */
  held(): Tenure[] {
    this.#init.session.remainingMs(); // looking ends one that is overdue
    return [...this.#tenures.values()].filter((tenure) => tenure.held);
  }

  /** Joins; resolves when it has left, or its session is over, and nothing runs any more. */
  async run(): Promise<void> {
    const { context, record, session } = this.#init;
    const onLost = () => this.#end(session.signal.reason);
    const onClosed = () => this.#end(context.signal.reason);
    session.signal.addEventListener("abort", onLost, { once: true });
    context.signal.addEventListener("abort", onClosed, { once: true });
    if (session.signal.aborted) onLost();
    if (!this.#over.signal.aborted) this.#stopWatch = record.watch((now) => this.#observe(now));
    try {
      this.write();
      await this.#writeAll();
    } finally {
      this.#end(new Error("It has left"));
      session.signal.removeEventListener("abort", onLost);
      context.signal.removeEventListener("abort", onClosed);
      await this.#allOver();
    }
  }

  /** Goes: releases all keys. */
  leave(): void {
    this.#leaving = true;
    for (const tenure of this.#tenures.values()) {
      tenure.end(new Error(`"${tenure.scope}" was closed`));
    }
    this.write();
  }

  /** There is something to write. */
  write(): void {
    this.#due.resolve();
  }

  /** Nothing runs any more, or others have found out that the session is over. */
  async #allOver(): Promise<void> {
    const { context: { sessions, signal }, session } = this.#init;
    const all = Promise.all([...this.#tenures.values()].map(({ over }) => over));
    if (!session.signal.aborted || signal.aborted || this.#tenures.size === 0) {
      return void await all;
    }
    const stop = new AbortController();
    const gone = sessions.gone(session.name, anySignal([signal, stop.signal]));
    await Promise.race([all, gone.catch(() => all)]);
    stop.abort(new Error("All is over"));
  }

  #end(reason: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(reason);
    this.#cancelSettling();
    this.#cancelGiving?.();
    this.#stopWatch();
    this.#cancelReading();
    this.#neighbors.close();
    for (const tenure of this.#tenures.values()) tenure.end(reason);
  }

  async #writeAll(): Promise<void> {
    const { context: { clock, errors, random } } = this.#init;
    const { signal } = this.#over;
    for (let refused = 0; !signal.aborted;) {
      try {
        await unlessAborted(signal, this.#due.promise);
        if (this.#joined) await pause(clock, GATHER_MS, signal);
        this.#due = Promise.withResolvers();
        await this.#write(signal);
        refused = 0;
      } catch (error) {
        if (signal.aborted) return;
        errors.report(error);
        this.write();
        const { first, longest } = REFUSED_WAITS;
        const wait = Math.min(first * 2 ** refused++, longest);
        await pause(clock, wait * (0.5 + random() / 2), signal).catch(() => {});
      }
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { keys, record, refuse, stuck } = this.#init;
    const named = keys();
    const [released, gone] = [new Set(this.#released), new Set(this.#gone)];
    const facts = this.#facts(named.keys.difference(stuck), released, gone);
    try {
      // of what is in doubt nothing may come after this: so it writes in any case
      const inDoubt = this.#inDoubt;
      await record.update((state) => step(state, facts) ?? (inDoubt ? state : undefined), signal);
      this.#inDoubt = false;
    } catch (error) {
      this.#inDoubt ||= error instanceof UnknownOutcomeError;
      if (!(error instanceof RangeError) || !refuse(named, error)) throw error;
      return this.write();
    }
    for (const key of released) this.#released.delete(key);
    for (const session of gone) this.#gone.delete(session);
    this.#init.former.clear();
    if (!facts.leaving) named.accept();
    if (!this.#joined) this.#join();
    if (record.known) this.#observe(record.known);
  }

  #facts(
    keys: ReadonlySet<string>,
    released: ReadonlySet<string>,
    gone: ReadonlySet<string>,
  ): OwnershipFacts {
    const { session: { name: session }, former } = this.#init;
    const [joined, leaving] = [this.#joined, this.#leaving];
    return { id: this.id, session, joined, leaving, keys, released, gone, former };
  }

  #join(): void {
    const { context: { clock }, settle } = this.#init;
    this.#joined = true;
    this.#cancelSettling = clock.timer(settle, () => {
      this.#settled = true;
      this.#look();
    });
  }

  #look(): void {
    const { known } = this.#init.record;
    if (known) this.#observe(known);
  }

  /** Does what the record says. */
  #observe({ state, version }: Versioned<OwnershipState>): void {
    if (!this.#joined || this.#over.signal.aborted) return;
    if (this.#init.session.remainingMs() === 0) return; // looking has ended it
    const me = state.members[this.id];
    if (!me) {
      return this.#end(
        this.#leaving ? new Error("It has left") : new Error(
          `Cannot hold on to keys: ConfigMap "${this.#init.record.object}" was deleted`,
        ),
      );
    }
    this.#neighbors.watch(state, this.id);
    this.#readLater(Object.keys(state.members).length);
    const lacking = new Set(state.lacks[me.set]);
    const given = Object.values(me.gives ?? {}).flat();
    const mine = new Set([...me.owns, ...given]);
    for (const [key, tenure] of this.#tenures) {
      if (!mine.has(key)) tenure.end(new Error(`"${tenure.scope}" was taken out of the record`));
    }
    for (const key of me.owns) {
      if (this.#leaving || lacking.has(key)) this.#release(key, "is not to be owned here any more");
      else if (this.#settled) this.#take(key, version);
    }
    for (const key of given) {
      if (this.#leaving || lacking.has(key) || !this.#tenures.has(key)) {
        this.#release(key, "is for another");
      } else this.#giveSoon();
    }
  }

  /** Reads the record if nothing is heard of it for long: its watch may be broken. All together read seldom. */
  #readLater(members: number): void {
    const { context: { clock, errors, random, timing }, record } = this.#init;
    const { signal } = this.#over;
    this.#cancelReading();
    const ms = members * timing.leaseDuration * (1 + random() / 4);
    this.#cancelReading = clock.timer(ms, () => {
      this.#readLater(members);
      record.read(signal).catch((error) => signal.aborted || errors.report(error));
    });
  }

  #take(key: string, version: FencingToken): void {
    if (this.#tenures.has(key) || this.#released.has(key)) return;
    const tenure = this.#init.begin(key, version);
    this.#tenures.set(key, tenure);
    void tenure.over.then(() => {
      this.#tenures.delete(key);
      if (this.#over.signal.aborted) return;
      this.#released.add(key);
      this.write();
    });
  }

  /** Has it written that the key is released, when it is. */
  #release(key: string, why: string): void {
    const tenure = this.#tenures.get(key);
    if (tenure) return tenure.end(new Error(`"${tenure.scope}" ${why}`));
    if (this.#released.has(key)) return;
    this.#released.add(key);
    this.write();
  }

  /** Gives away what others are to have, when it is likely that all who join have joined. */
  #giveSoon(): void {
    const { context: { clock, random }, record, settle } = this.#init;
    this.#cancelGiving ??= clock.timer(settle * (1 + random() / 2), () => {
      this.#cancelGiving = undefined;
      const { gives = {} } = record.known?.state.members[this.id] ?? {};
      for (const key of Object.values(gives).flat()) this.#release(key, "is for another");
    });
  }
}
