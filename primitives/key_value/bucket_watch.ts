/**
 * What becomes of the keys of a bucket that begin so. First a snapshot; then each state of the head, as the
 * record's watch tells them, gives the entries that are newer than the last one that was seen. If a state may
 * have been missed that had entries which are in leaves by now, the whole is read and compared with what was
 * told, which gives the deletions too. States that come while something is read wait for it; those that
 * it was newer than are passed over.
 */
import type { Versioned } from "../record/mod.ts";
import type { Bucket } from "./bucket.ts";
import { byVersion, type Entry, isDeletion, isUserKey } from "./entry.ts";
import type { Head } from "./head.ts";

/** How many changes wait for who is slow, before only the last one of each key does. */
const MAX_WAITING = 10_000;

/** A state of the head that was told. */
interface Seen extends Versioned<Head> {
  readonly isGone: boolean;
}

/** See the module's text. */
export class BucketWatch {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #signal: AbortSignal;
  readonly #states: Seen[] = [];
  /** The version of each key that was told and not told as deleted. */
  readonly #told = new Map<string, number>();
  #at: { id: string; seq: number; version: number } | undefined;
  #changes: Entry[] = [];
  #maxWaiting = MAX_WAITING;
  #working = false;
  #failure: { error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(bucket: Bucket, prefix: string, signal: AbortSignal) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#signal = signal;
  }

  /** The snapshot, and then changes, some at a time, in their order. Rejects with the signal's reason. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Entry[], never> {
    const stop = this.#bucket.follow((seen, isGone) => this.#take({ ...seen, isGone }));
    const onAbort = () => this.#wake();
    this.#signal.addEventListener("abort", onAbort);
    try {
      this.#working = true;
      await this.#bucket.following(this.#signal); // else what comes before that might be merged
      const snapshot = await this.#compare();
      this.#working = false;
      this.#work(); // what has come meanwhile
      yield snapshot;
      for (;;) {
        while (this.#changes.length > 0) yield this.#changes.splice(0);
        if (this.#failure) throw this.#failure.error;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        this.#signal.throwIfAborted();
        await promise;
      }
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
      stop();
    }
  }

  #take(seen: Seen): void {
    this.#states.push(seen);
    this.#work();
  }

  #work(): void {
    if (this.#working || this.#failure) return;
    this.#working = true;
    this.#tellAll().catch((error) => this.#failure = { error }).finally(() => {
      this.#wake();
    });
  }

  /** Synchronous unless something has to be read. */
  async #tellAll(): Promise<void> {
    for (let seen = this.#states.shift(); seen; seen = this.#states.shift()) {
      const changes = this.#changesOf(seen) ?? await this.#compare();
      this.#push(changes);
    }
    this.#working = false;
  }

  #push(changes: readonly Entry[]): void {
    if (changes.length === 0) return;
    this.#changes.push(...changes);
    if (this.#changes.length > this.#maxWaiting) {
      const last = new Map<string, Entry>();
      for (const change of this.#changes) {
        last.delete(change[0]);
        last.set(change[0], change);
      }
      this.#changes = [...last.values()];
      this.#maxWaiting = Math.max(MAX_WAITING, 2 * this.#changes.length);
    }
    this.#wake();
  }

  /** What a state changes; nothing if it does not tell. */
  #changesOf({ state, version, isGone }: Seen): Entry[] | undefined {
    let at = this.#at!;
    if (isGone) return state.id === at.id ? this.#compareWith([], { at: { ...at, id: "" } }) : [];
    if (version <= at.version) return [];
    if (at.id === "") at = { ...at, id: state.id, seq: 0 }; // a new one has all in its head, unless it is merged
    if (state.id !== at.id || state.base > at.seq) return undefined;
    const changes = [...state.entries.values()].filter((entry) =>
      entry[1] > at.seq && this.#concerns(entry[0]) &&
      (!isDeletion(entry) || this.#told.has(entry[0]))
    );
    for (const [key, version, ...stored] of changes) {
      if (stored.length > 0) this.#told.set(key, version);
      else this.#told.delete(key);
    }
    this.#at = { ...at, seq: state.seq, version };
    return changes;
  }

  /** Reads all there is, and tells how that differs from what was told. */
  async #compare(): Promise<Entry[]> {
    const { found, head, version } = await this.#bucket.look((view) => view.list(this.#prefix), {
      signal: this.#signal,
    });
    const { id, seq } = head;
    return this.#compareWith(found, { at: { id, seq, version } });
  }

  #compareWith(
    entries: readonly Entry[],
    { at }: { at: { id: string; seq: number; version: number } },
  ): Entry[] {
    const isSame = at.id === this.#at?.id;
    const now = new Map(
      entries.filter(([key]) => this.#concerns(key)).map((entry) => [entry[0], entry]),
    );
    const changes: Entry[] = [...this.#told.keys()].filter((key) => !now.has(key)).map((
      key,
    ) => [key, at.seq]);
    const puts = [...now.values()].filter(([key, version]) =>
      !isSame || this.#told.get(key) !== version
    );
    // a snapshot is in the order of the keys
    changes.push(...this.#at ? puts.sort(byVersion) : puts);
    this.#told.clear();
    for (const [key, version] of now.values()) this.#told.set(key, version);
    this.#at = at;
    return changes;
  }

  #concerns(key: string): boolean {
    return key.startsWith(this.#prefix) && isUserKey(key);
  }
}
