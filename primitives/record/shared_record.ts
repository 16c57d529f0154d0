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
 * effect once, also if answers were lost: each writer leaves the number of its last write in the record, and one whose
 * outcome is in doubt is sent again as it was, which can succeed once, or, if the version that it was sent
 * for is no more, looked up. Watchers hear states in order, the last one for sure.
 *
 * Errors: what passes (no connection, 401, 429, 5xx) is reported and tried again until the caller's signal
 * aborts; all else rejects. If an update is ended while a write of it is under way, nobody knows
 * whether it took effect, or still will: `UnknownOutcomeError`; also when 64 other processes have written
 * since. A later update that writes settles it: what was sent for an earlier version is refused then.
 *
 * Cost: an update is one request as long as nobody else has written since, after a conflict two more, or one if
 * the watch has told what was written instead. A watch is a list and one connection, for as long as somebody watches and 10 s more.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { RecordClient } from "./record_client.ts";
import { objectName, type RecordDefinition } from "./record_object.ts";
import {
  type RecordFollower,
  type RecordListener,
  RecordView,
  type Versioned,
} from "./record_view.ts";
import { RecordWatch } from "./record_watch.ts";
import { RecordWriter } from "./record_writer.ts";
import type { Decide } from "./update_batch.ts";

/** See the module's text. */
export class SharedRecord<S> {
  /** Name of the ConfigMap. */
  readonly object: string;
  readonly #view: RecordView<S>;
  readonly #client: RecordClient<S>;
  readonly #writer: RecordWriter<S>;
  readonly #watch: RecordWatch;

  /** Nothing is read yet. */
  constructor(context: RequestContext, definition: RecordDefinition<S>) {
    const view = new RecordView(definition, context.errors);
    const client = new RecordClient(context, definition, view);
    this.object = objectName(definition);
    this.#view = view;
    this.#client = client;
    this.#writer = new RecordWriter(context, { definition, view, client });
    this.#watch = new RecordWatch(context, {
      object: this.object,
      onChange: (object, isGone) => view.watched(object, isGone),
      read: () => this.read(context.signal),
      isAbsent: () => view.known !== undefined && view.known.object === undefined,
    });
  }

  /** What was last seen; nothing was, if there is nothing here. */
  get known(): Versioned<S> | undefined {
    return this.#view.known;
  }

  /** The state as it is now. */
  async read(signal: AbortSignal): Promise<Versioned<S>> {
    return await this.#client.read(signal);
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
  async update(decide: Decide<S>, signal: AbortSignal): Promise<Versioned<S>> {
    return await this.#writer.update(decide, signal);
  }

  /**
   * Waits until `look` returns something, and resolves with that. It is given what is known, perhaps twice,
   * and then each state that the watch tells.
   */
  async until<R>(look: (now: Versioned<S>) => R | undefined, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted();
    const found = this.known && look(this.known);
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
  watch(listener: RecordListener<S>): () => void {
    const { listeners, known } = this.#view;
    const own: RecordListener<S> = (now) => listener(now);
    listeners.add(own);
    this.#watch.want();
    if (known) this.#view.safely(() => own(known));
    return () => {
      if (listeners.delete(own)) this.#unwatch();
    };
  }

  /**
   * Calls `listener` with each state that the watch tells, in their order: all of them, also those that
   * this process has made itself or has read a newer one than, and none before the watch has told it.
   * Those between two lists are merged. Of an object that is gone it is the last state, with `isGone`.
   * Returns what ends that.
   */
  follow(listener: RecordFollower<S>): () => void {
    const { followers } = this.#view;
    const own: RecordFollower<S> = (seen, isGone) => listener(seen, isGone);
    followers.add(own);
    this.#watch.want();
    return () => {
      if (followers.delete(own)) this.#unwatch();
    };
  }

  /** Resolves when the watch has told those who follow what there is: from then on it tells each state. */
  async following(signal: AbortSignal): Promise<void> {
    await this.#watch.synced(signal);
  }

  #unwatch(): void {
    if (this.#view.listeners.size + this.#view.followers.size === 0) this.#watch.unwant();
  }
}
