/**
 * A small value that many processes share: one ConfigMap, changed by compare-and-swap, and watched while
 * somebody wants to hear of it. All primitives but elections are made of it.
 *
 * Flow: `update` lets the caller decide by the state that was last seen, and writes on condition that the
 * object is still that version (and still that object). When the server refuses, the state is read, and
 * the caller decides anew, after a random wait that grows. Updates of one process that come while another
 * one is under way are written together. What is known is never replaced by something older, but for what a
 * read or a write of this process answers.
 *
 * Guarantees: updates are atomic and in one order (they are linearizable), and so are reads; whoever changes
 * nothing, or throws, has decided by a state that was read after the call. An update that resolves has taken
 * effect once, also if answers were lost: each write leaves its id in the record, and one whose
 * outcome is in doubt is sent again as it was, which can succeed once, or, if the version that it was sent
 * for is no more, looked up. Watchers hear states in order, the last one for sure.
 *
 * Errors: what passes (no connection, 401, 429, 5xx) is reported and tried again until the caller's signal
 * aborts; all else rejects. If an update is ended while a write of it is under way, nobody knows
 * whether it took effect: `UnknownOutcomeError`; also when 32 others have written since.
 *
 * Cost: an update is one request as long as nobody else has written since, after a conflict two more. A
 * watch is one connection for as long as somebody watches, and a list at its start.
 *
 * @module
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { type Change, Reflector, resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import { boundedRequest, httpCodeOf, isPassing, isUncertain } from "../requests.ts";
import { pause } from "../waiting.ts";
import {
  absent,
  type ConfigMapJson,
  objectName,
  objectToWrite,
  parseObject,
  RAW_CONFIG_MAPS,
  type RecordDefinition,
  RecordError,
  type Snapshot,
} from "./record_object.ts";
import { newWriteId, outcomeOf, withWrite } from "./write_log.ts";

/** The wait after a conflict, at most, in milliseconds: it doubles with each. */
const CONFLICT_WAITS = { first: 4, longest: 250 };

/** The wait after a request that failed, at most, in milliseconds. */
const FAILURE_WAITS = { first: 100, longest: 2_000 };

/** The watch is what others wait for: it comes back soon. */
const WATCH_BACKOFF = { minBackoff: 50, maxBackoff: 2_000 };

/** A state, and the version at which it was so. */
export interface Versioned<S> {
  readonly state: S;
  /** Grows with each change, also over deletion of the object; 0 if there never was one. */
  readonly version: FencingToken;
}

/** Why it is not known whether an update took effect. */
export class UnknownOutcomeError extends Error {
  /** Always `"UnknownOutcomeError"`. */
  override readonly name = "UnknownOutcomeError";
}

/** A call of `update` that waits for its turn. */
interface Pending<S> {
  readonly decide: (state: S, version: FencingToken) => S | undefined;
  /** Whether a write with what it decided may have been sent, and is not known to have been refused. */
  sent: boolean;
  /** Whether its caller has gone. */
  over: boolean;
  settle(outcome: { now: Versioned<S> } | { error: unknown }): void;
}

/** What the pending ones make of a state together. */
interface Decided<S> {
  readonly state: S;
  readonly changed: boolean;
  /** Those that have thrown, and what. */
  readonly failed: ReadonlyMap<Pending<S>, unknown>;
  /** Whether one of them has thrown or changed nothing. */
  readonly unchanged: boolean;
}

/** What came of a batch. */
interface Committed<S> {
  readonly state: Versioned<S>;
  readonly failed: readonly { pending: Pending<S>; error: unknown }[];
}

/** See the module's text. */
export class SharedRecord<S> {
  readonly #context: RequestContext;
  readonly #definition: RecordDefinition<S>;
  readonly #listeners = new Set<(now: Versioned<S>) => void>();
  readonly #followers = new Set<(seen: Versioned<S>, isGone: boolean) => void>();
  readonly #pending: Pending<S>[] = [];
  #writing: Promise<void> | undefined;
  #known: Snapshot<S> | undefined;
  #watch: Reflector<ConfigMapJson> | undefined;

  /** Nothing is read yet. */
  constructor(context: RequestContext, definition: RecordDefinition<S>) {
    this.#context = context;
    this.#definition = definition;
  }

  /** Name of the ConfigMap. */
  get object(): string {
    return objectName(this.#definition);
  }

  /** What was last seen; nothing was, if there is nothing here. */
  get known(): Versioned<S> | undefined {
    return this.#known;
  }

  /** The state as it is now. */
  async read(signal: AbortSignal): Promise<Versioned<S>> {
    return await this.#repeat(signal, () => this.#read(signal));
  }

  /**
   * Changes the state. `decide` is given the present one and returns the new one, or nothing to leave it
   * as it is. It may be called again, so it must only look at what it is given. Its last call is the one
   * that counts, also if it throws. Resolves with the state as it is then, or a later one.
   *
   * @throws {UnknownOutcomeError} when it was ended, or others wrote, while a write was in doubt
   * @throws {RangeError} when the state would take more than 900 KiB; nothing is written
   * @throws {RecordError} when there is something under its name that is no such record
   */
  async update(
    decide: (state: S, version: FencingToken) => S | undefined,
    signal: AbortSignal,
  ): Promise<Versioned<S>> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Versioned<S>>();
    const pending: Pending<S> = {
      decide,
      sent: false,
      over: false,
      settle: (outcome) => "now" in outcome ? resolve(outcome.now) : reject(outcome.error),
    };
    const onAbort = () => {
      pending.over = true;
      const { reason } = signal;
      reject(pending.sent ? this.#unknown("it was ended before an answer came", reason) : reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#pending.push(pending);
    this.#writing ??= this.#write();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Writes until nobody waits. */
  async #write(): Promise<void> {
    let size = Infinity;
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, size);
      size = Infinity;
      try {
        const now = await this.#commit(batch);
        for (const { pending, error } of now.failed) pending.settle({ error });
        for (const pending of batch) pending.settle({ now: now.state }); // again, for those: no effect
      } catch (error) {
        if (error instanceof RangeError && batch.length > 1) { // one by one, for one is to blame
          this.#pending.unshift(...batch);
          size = 1;
        } else for (const pending of batch) pending.settle({ error });
      }
    }
    this.#writing = undefined;
  }

  /** Makes one write of what a batch decides, or none if nobody changes anything. */
  async #commit(batch: Pending<S>[]): Promise<Committed<S>> {
    const { signal } = this.#context;
    for (let base = this.#known, conflicts = 0;; base = undefined, conflicts++) {
      const isRead = base === undefined;
      base ??= await this.#repeat(signal, () => this.#read(signal));
      let decided = decideAll(batch, base);
      if (decided.unchanged && !isRead) {
        base = await this.#repeat(signal, () => this.#read(signal));
        decided = decideAll(batch, base);
      }
      const failed = [...decided.failed].map(([pending, error]) => ({ pending, error }));
      if (!decided.changed) return { state: base, failed };
      if (await this.#store(base, decided.state, batch)) return { state: this.#known!, failed };
      await this.#wait(CONFLICT_WAITS, conflicts, signal);
    }
  }

  /** Sends a write until it is known whether it was stored. */
  async #store(base: Snapshot<S>, state: S, batch: Pending<S>[]): Promise<boolean> {
    const { errors, namespace, signal } = this.#context;
    const id = newWriteId();
    const log = withWrite(base.log, id);
    const object = objectToWrite(this.#definition, { namespace, base, state, log });
    let inDoubt = false;
    const mark = (sent: boolean) => batch.forEach((it) => it.sent = sent);
    for (let failures = 0;; failures++) {
      const before = this.#known;
      mark(true);
      try {
        this.#offer(
          this.#parse(await this.#send(base.object ? "PUT" : "POST", object, signal)),
          before,
        );
        return true;
      } catch (error) {
        const code = httpCodeOf(error);
        // of a create, "not found" says that the namespace is missing
        const isRefused = code === 409 || code === 404 && base.object !== undefined;
        if (isRefused && inDoubt) break;
        inDoubt ||= !isRefused && isUncertain(error);
        mark(inDoubt);
        if (isRefused) return false;
        if (signal.aborted || !isPassing(error)) {
          throw inDoubt ? this.#unknown("no answer came", error) : error;
        }
        errors.report(error);
      }
      await this.#wait(FAILURE_WAITS, failures, signal);
    }
    const now = await this.#repeat(signal, () => this.#read(signal));
    // if it is not that object any more, its effect is gone
    const isSame = base.object === undefined || isSameObject(base, now);
    const outcome = isSame ? outcomeOf(now.log, log.count, id) : "refused";
    if (outcome === "unknown") throw this.#unknown("others have written since");
    mark(outcome === "stored");
    return outcome === "stored";
  }

  /**
   * Waits until `look` returns something, and resolves with that. It is given what is known, perhaps twice,
   * and then each state that the watch tells.
   */
  async until<R>(look: (now: Versioned<S>) => R | undefined, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted();
    const found = this.#known && look(this.#known);
    if (found !== undefined) return found;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const stop = this.watch((now) => {
      try {
        const found = look(now);
        if (found !== undefined) resolve(found);
      } catch (error) {
        reject(error);
      }
    });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      stop();
    }
  }

  /**
   * Calls `listener` with what is known, if anything is, at once, and then with each later state; returns
   * what ends that. What it throws is reported.
   */
  watch(listener: (now: Versioned<S>) => void): () => void {
    const own = (now: Versioned<S>) => listener(now);
    this.#listeners.add(own);
    const known = this.#known;
    if (known) this.#safely(() => own(known));
    // the listener may have ended it
    if (this.#listeners.size > 0) this.#watch ??= this.#startWatch();
    return () => this.#listeners.delete(own) && this.#endWatch();
  }

  /**
   * Calls `listener` with each state that the watch tells, in their order: all of them, also those that
   * this process has made itself or has read a newer one than, and none before the watch has told it.
   * Those between two lists are merged. Of an object that is gone it is the last state, with `isGone`.
   * Returns what ends that.
   */
  follow(listener: (seen: Versioned<S>, isGone: boolean) => void): () => void {
    const own: typeof listener = (seen, isGone) => listener(seen, isGone);
    this.#followers.add(own);
    this.#watch ??= this.#startWatch();
    return () => this.#followers.delete(own) && this.#endWatch();
  }

  #endWatch(): void {
    if (this.#listeners.size + this.#followers.size > 0) return;
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch) this.#context.background.run(watch.close());
  }

  #startWatch(): Reflector<ConfigMapJson> {
    const { client, namespace, random, errors } = this.#context;
    const fieldSelector = `metadata.name=${this.object}`;
    const options = { namespace, fieldSelector, random, ...WATCH_BACKOFF };
    const watch = new Reflector(client, RAW_CONFIG_MAPS, options);
    watch.onChange((change) => this.#watched(change));
    watch.onError((error) => errors.report(error));
    watch.start();
    watch.synced().then(() => {
      // an object that is not there is not told
      if (watch !== this.#watch || watch.store.size > 0) return;
      const { signal } = this.#context;
      this.read(signal).catch((error) => signal.aborted || errors.report(error));
    }, () => {}); // it was closed
    return watch;
  }

  #watched({ type, object }: Change<ConfigMapJson>): void {
    try {
      const seen = this.#parse(object);
      const isGone = type === "deleted";
      for (const follower of [...this.#followers]) this.#safely(() => follower(seen, isGone));
      if (!isGone) return this.#offer(seen);
      const known = this.#known;
      if (known?.object === undefined || !isSameObject(known, seen)) return;
      this.#know(absent(this.#definition, Math.max(known.version, seen.version)));
    } catch (error) {
      this.#context.errors.report(error);
    }
  }

  /** Takes a state, unless a newer one is known; of an answer, unless one was told since the question. */
  #offer(seen: Snapshot<S>, before?: Snapshot<S>): void {
    const known = this.#known;
    const isAnswer = before !== undefined && known === before;
    if (seen === known) return;
    if (isAnswer || !known || seen.version > known.version) this.#know(seen);
  }

  /** What is known already is not read again: each write comes back as an event. */
  #parse(object: ConfigMapJson): Snapshot<S> {
    const known = this.#known;
    const version = Number(object.metadata?.resourceVersion);
    const isKnown = known?.object && known.version === version && isSameObject(known, { object });
    return isKnown ? known : parseObject(this.#definition, object);
  }

  #know(snapshot: Snapshot<S>): void {
    this.#known = snapshot;
    for (const listener of [...this.#listeners]) {
      // what a listener causes may be told already
      if (this.#known === snapshot && this.#listeners.has(listener)) {
        this.#safely(() => listener(snapshot));
      }
    }
  }

  #safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#context.errors.report(error);
    }
  }

  async #read(signal: AbortSignal): Promise<Snapshot<S>> {
    const before = this.#known;
    try {
      const now = this.#parse(await this.#send("GET", undefined, signal));
      this.#offer(now, before);
      return now;
    } catch (error) {
      if (httpCodeOf(error) !== 404) throw error;
      const none = absent(this.#definition, before?.version ?? 0);
      if (this.#known === before && (before === undefined || before.object)) this.#know(none);
      return none;
    }
  }

  async #send(
    method: "GET" | "POST" | "PUT",
    bodyJson: ConfigMapJson | undefined,
    signal: AbortSignal,
  ): Promise<ConfigMapJson> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const name = method === "POST" ? undefined : this.object;
    const verb = { GET: "read", POST: "create", PUT: "write" }[method];
    const doing = `${verb} ConfigMap "${namespace}/${this.object}"`;
    const path = resourcePath(RAW_CONFIG_MAPS, { namespace, name });
    return await boundedRequest(
      { method, path, bodyJson: bodyJson as unknown as JSONValue, expectJson: true },
      { client, clock, requestTimeout, doing, signal },
    ) as unknown as ConfigMapJson;
  }

  /** Repeats what changes nothing. */
  async #repeat<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    for (let failures = 0;; failures++) {
      try {
        return await request();
      } catch (error) {
        if (signal.aborted || error instanceof RecordError || !isPassing(error)) throw error;
        this.#context.errors.report(error);
      }
      await this.#wait(FAILURE_WAITS, failures, signal);
    }
  }

  async #wait(
    { first, longest }: { first: number; longest: number },
    times: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#context;
    await pause(clock, random() * Math.min(first * 2 ** times, longest), signal);
  }

  #unknown(why: string, cause?: unknown): UnknownOutcomeError {
    const { kind, name } = this.#definition;
    return new UnknownOutcomeError(
      `Cannot tell whether the ${kind} "${name}" was changed: ${why}`,
      { cause },
    );
  }
}

function isSameObject(a: { object?: ConfigMapJson }, b: { object?: ConfigMapJson }): boolean {
  return a.object?.metadata?.uid === b.object?.metadata?.uid;
}

/** Lets all decide, one after another, each by what those before it have made of the state. */
function decideAll<S>(batch: readonly Pending<S>[], base: Snapshot<S>): Decided<S> {
  const failed = new Map<Pending<S>, unknown>();
  let state = base.state;
  let changed = false;
  let unchanged = false;
  for (const pending of batch) {
    if (pending.over) continue;
    try {
      const next = pending.decide(state, base.version);
      if (next === undefined) unchanged = true;
      else [state, changed] = [next, true];
    } catch (error) {
      failed.set(pending, error);
      unchanged = true;
    }
  }
  return { state, changed, failed, unchanged };
}
