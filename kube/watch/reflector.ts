/**
 * Keeps a copy of the objects of one kind and tells what changes.
 *
 * Data flows from the API server: pages of a list, then lines of a watch, through the decoder
 * into the store, and from there to the listeners. All of it is sequential, in one loop, so
 * changes are told in the server's order; listeners are called synchronously and must hand
 * slow work on (see `Dispatcher`). `step` of the watch protocol decides what comes next. The
 * loop stops at `close()`, at once: it aborts the request, the stream or the wait it is in.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { delay } from "../delay.ts";
import { isNotFound } from "../transport/mod.ts";
import { type Attempt, attempt } from "./attempt.ts";
import type { Decoded, EventDecoder, ListPage, WatchEvent } from "./event_decoder.ts";
import { failureOf, MalformedError, WatchStatusError } from "./failure.ts";
import { Emitter } from "./emitter.ts";
import { leanDecoder } from "./lean_decoder.ts";
import { readLines } from "./read_lines.ts";
import {
  type KubeObject,
  type ObjectKey,
  type ResourceKind,
  resourcePath,
} from "./resource_kind.ts";
import {
  type ReflectorOptions,
  type ResolvedReflectorOptions,
  resolveNumbers,
} from "./reflector_options.ts";
import { type ReflectorHealth, type ReflectorState, ReflectorStatus } from "./reflector_status.ts";
import { type Change, type ReadonlyStore, Store } from "./store.ts";
import {
  type ListingState,
  START,
  step,
  UNPAGED_AFTER,
  type WatchingState,
  type WatchInput,
  type WatchPolicy,
  type WatchState,
} from "./watch_protocol.ts";

/** Milliseconds that a watch must live for its end not to count as a failure. */
const LASTING_MS = 5_000;

/**
 * Milliseconds that a resumed watch is quiet before what is known counts as up to date: a version
 * that is too old is told after the headers of the answer, at once.
 */
export const SETTLING_MS = 250;

/**
 * Keeps a copy of the objects of one kind, as the API server tells them, and tells each change.
 *
 * Guarantees: every object that is present is told, and told again (`replayed`) after each
 * full list; every object that was told and vanished is told as deleted, even if it vanished
 * while the connection was down; changes of one object come in order. Caveats: states between
 * two lists are merged; what a listener does not return from holds up the watch.
 */
export class Reflector<T extends KubeObject> implements AsyncDisposable {
  readonly #client: RestClient;
  #kind: ResourceKind<T>;
  #path: string;
  readonly #options: ReflectorOptions<T>;
  readonly #numbers: ResolvedReflectorOptions;
  readonly #policy: WatchPolicy;
  #decoder: EventDecoder<T>;
  readonly #stop: AbortController = new AbortController();
  readonly #synced: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #store: Store<T> = new Store();
  readonly #status: ReflectorStatus;
  readonly #errors: Emitter<[error: Error]> = new Emitter(() => {});
  readonly #changes: Emitter<[change: Change<T>]> = new Emitter((error) => this.#report(error));
  readonly #states: Emitter<[state: ReflectorState, error?: Error]> = new Emitter((error) =>
    this.#report(error)
  );
  /** What the pages of the present list have brought so far. */
  #buffer: Map<ObjectKey, Decoded<T>> = new Map();
  #state: WatchState = START;
  #opened = 0;
  #running: Promise<void> | undefined;
  #unlink: () => void = () => {};

  /**
   * Makes a reflector that does nothing yet: see {@linkcode Reflector.start}.
   *
   * @param client Sends the requests; it should give up those that are not answered.
   * @param kind What to watch.
   * @throws {TypeError} When a namespace is given for a cluster-scoped kind.
   * @throws {RangeError} When a number is not above 0.
   */
  constructor(client: RestClient, kind: ResourceKind<T>, options: ReflectorOptions<T> = {}) {
    this.#client = client;
    this.#kind = kind;
    this.#path = resourcePath(kind, { namespace: options.namespace });
    this.#options = options;
    this.#numbers = resolveNumbers(options);
    this.#policy = { ...this.#numbers, random: options.random ?? Math.random };
    this.#decoder = options.decode ?? leanDecoder(kind);
    const { staleAfter } = this.#numbers;
    this.#status = new ReflectorStatus(staleAfter, (...args) => this.#states.emit(...args));
    this.#synced.promise.catch(() => {}); // nobody has to wait for it
  }

  /** The objects that are known now. */
  get store(): ReadonlyStore<T> {
    return this.#store.view;
  }

  /** The kind as the server has it: the one given, or what it was called before. */
  get kind(): ResourceKind<T> {
    return this.#kind;
  }

  /** The namespace that it looks at; none if at all of them. */
  get namespace(): string | undefined {
    return this.#options.namespace;
  }

  /** How it stands with the server. */
  get health(): ReflectorHealth {
    return this.#status.health;
  }

  /** Calls `listener` with each change, synchronously; returns what removes it. */
  onChange(listener: (change: Change<T>) => void): () => void {
    return this.#changes.add(listener);
  }

  /** Calls `listener` with each new state and what caused it; returns what removes it. */
  onState(listener: (state: ReflectorState, error?: Error) => void): () => void {
    return this.#states.add(listener);
  }

  /**
   * Calls `listener` with the error of each failed attempt, and with what other listeners
   * throw; returns what removes it.
   */
  onError(listener: (error: Error) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Begins, unless it has begun or is closed; ends when `signal` aborts. */
  start(signal?: AbortSignal): void {
    if (this.#running || this.#stop.signal.aborted) return;
    if (signal) {
      const onAbort = () => void this.close();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#unlink = () => signal.removeEventListener("abort", onAbort);
      if (signal.aborted) return onAbort();
    }
    this.#running = this.#run();
  }

  /**
   * Resolves when the first full list is known. Rejects when it is closed before, and with the
   * signal's reason when that aborts.
   */
  async synced(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    if (!signal) return await this.#synced.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Stops at once; resolves when nothing is left open. The store keeps what it has. */
  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      const closed = new Error(`Cannot wait for ${this.#kind.plural}: the reflector is closed`);
      this.#stop.abort(closed);
      this.#unlink();
      this.#status.stop();
      this.#synced.reject(closed);
    }
    await this.#running;
  }

  /** Same as {@linkcode Reflector.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#status.active();
      try {
        await this.#next();
      } catch (thrown) {
        if (signal.aborted) return;
        if (this.#useFormerKind(thrown)) continue;
        const failure = failureOf(thrown);
        if (failure.kind === "malformed") this.#status.count("malformed");
        this.#advance({ type: "failed", failure });
        if (failure.kind === "silent" && this.#state.phase === "watching") continue; // stale
        if (failure.kind !== "gone") this.#report(failure.error); // 410 is part of the protocol
        this.#status.disconnected(failure.error);
      }
    }
  }

  /** Goes on with what the kind was called before, if the server does not know it by its name. */
  #useFormerKind(thrown: unknown): boolean {
    const { formerKind, namespace, decode } = this.#options;
    if (!isNotFound(thrown) || !formerKind || this.#kind === formerKind) return false;
    this.#kind = formerKind;
    this.#path = resourcePath(formerKind, { namespace });
    this.#decoder = decode ?? leanDecoder(formerKind);
    return true;
  }

  async #next(): Promise<void> {
    const state = this.#state;
    switch (state.phase) {
      case "listing":
        return await this.#list(state);
      case "watching":
        return await this.#watch(state);
      case "waiting":
        await delay(state.ms, this.#stop.signal);
        return this.#advance({ type: "waited" });
    }
  }

  async #list(state: ListingState): Promise<void> {
    const { pageSize } = this.#numbers;
    const querystring = this.#query();
    if (state.expiries < UNPAGED_AFTER) querystring.set("limit", String(pageSize));
    if (state.token === undefined) this.#buffer = new Map();
    else querystring.set("continue", state.token);
    const page = await this.#attempt(async ({ signal }) => {
      const body = await this.#client.performRequest({
        method: "GET",
        path: this.#path,
        querystring,
        abortSignal: signal,
      });
      return this.#page(body);
    });
    this.#status.connected();
    for (const item of page.items) this.#buffer.set(item.entry.key, item);
    if (!page.continueToken) this.#completeList();
    this.#advance({ type: "page", ...page });
  }

  #completeList(): void {
    const list = this.#buffer;
    this.#buffer = new Map();
    this.#store.replace(list, this.#tell);
    if (this.health.synced) this.#status.count("relists");
    this.#status.synced();
    this.#synced.resolve();
  }

  async #watch(state: WatchingState): Promise<void> {
    const querystring = this.#query();
    querystring.set("watch", "1");
    querystring.set("allowWatchBookmarks", "true");
    querystring.set("resourceVersion", state.resourceVersion);
    await this.#attempt(async (attempt) => {
      const stream = await this.#client.performRequest({
        method: "GET",
        path: this.#path,
        querystring,
        expectStream: true,
        abortSignal: attempt.signal,
      });
      attempt.heard();
      if (this.#opened++ > 0) this.#status.count("reconnects");
      this.#status.connected();
      const settling = setTimeout(() => this.#status.synced(), SETTLING_MS);
      const lasting = setTimeout(() => this.#advance({ type: "lasted" }), LASTING_MS);
      try {
        await readLines(stream, {
          signal: attempt.signal,
          onLine: this.#onLine,
          onChunk: () => {
            attempt.heard();
            this.#status.heard();
          },
        });
      } finally {
        clearTimeout(settling);
        clearTimeout(lasting);
      }
    });
    this.#advance({ type: "ended" });
    if (this.#state.phase === "waiting") {
      const { plural } = this.#kind;
      this.#status.disconnected(new Error(`Cannot keep watching ${plural}: the watch was ended`));
    }
  }

  #onLine = (line: Uint8Array): void => {
    if (this.#stop.signal.aborted) return;
    const event = this.#event(line);
    if (event.type === "error") throw new WatchStatusError(this.#kind.plural, event.status);
    this.#status.synced();
    if (event.type === "bookmark") {
      return this.#advance({ type: "progress", resourceVersion: event.resourceVersion });
    }
    this.#store.apply(event.type, event, this.#tell);
    this.#advance({ type: "progress", resourceVersion: event.entry.resourceVersion });
  };

  #event(line: Uint8Array): WatchEvent<T> {
    try {
      return this.#decoder.event(line);
    } catch (cause) {
      throw new MalformedError(`Cannot decode a watch event of ${this.#kind.plural}`, { cause });
    }
  }

  #page(body: Uint8Array): ListPage<T> {
    try {
      return this.#decoder.page(body);
    } catch (cause) {
      throw new MalformedError(`Cannot decode a list of ${this.#kind.plural}`, { cause });
    }
  }

  #tell = (change: Change<T>): void => {
    if (!this.#stop.signal.aborted) this.#changes.emit(change);
  };

  #report(error: Error): void {
    this.#errors.emit(error);
  }

  #advance(input: WatchInput): void {
    this.#state = step(this.#state, input, this.#policy);
  }

  #query(): URLSearchParams {
    const query = new URLSearchParams();
    const { labelSelector, fieldSelector } = this.#options;
    if (labelSelector) query.set("labelSelector", labelSelector);
    if (fieldSelector) query.set("fieldSelector", fieldSelector);
    return query;
  }

  #attempt<R>(work: (attempt: Attempt) => Promise<R>): Promise<R> {
    const { idleTimeout } = this.#numbers;
    const patience = { first: 3 * idleTimeout, next: idleTimeout };
    return attempt(work, { patience, stop: this.#stop.signal });
  }
}
