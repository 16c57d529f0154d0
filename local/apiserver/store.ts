/**
 * The only place where objects live. One writer: every write runs to its end before the next
 * begins, gets the next revision, and is told to all watchers in that order before it returns.
 */
import { Collection } from "./collection.ts";
import type { HistoryEvent } from "./history.ts";
import type { ApiObject } from "./object.ts";
import { type EventType, Stored, withVersion } from "./stored.ts";

/** Hears of every write to one collection. Must not throw and must not write. */
export type StoreListener = (event: HistoryEvent) => void;

/** Options of a store. */
export interface StoreOptions {
  /** How many writes each collection remembers. @default 8192 */
  historyLimit?: number;
}

/** Enough for a relist of thousands of pods while all of them change. */
const DEFAULT_HISTORY = 8_192;

/** Versioned objects in memory. */
export class Store {
  readonly #historyLimit: number;
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Map<string, Set<StoreListener>>();
  #revision = 1;

  constructor(options: StoreOptions = {}) {
    this.#historyLimit = options.historyLimit ?? DEFAULT_HISTORY;
  }

  /** The revision of the last write. */
  get revision(): number {
    return this.#revision;
  }

  /** The collection of a storage name. */
  collection(storage: string): Collection {
    let found = this.#collections.get(storage);
    if (!found) {
      found = new Collection(this.#historyLimit);
      this.#collections.set(storage, found);
    }
    return found;
  }

  /** All collections that were ever used. */
  collections(): Iterable<[string, Collection]> {
    return this.#collections;
  }

  /** One object. */
  get(storage: string, namespace: string, name: string): Stored | undefined {
    return this.#collections.get(storage)?.get(namespace, name);
  }

  /** Adds or replaces an object; sets its resourceVersion. */
  put(storage: string, object: ApiObject): Stored {
    const { namespace = "", name = "" } = object.metadata;
    const collection = this.collection(storage);
    const previous = collection.get(namespace, name);
    const type: EventType = previous ? "MODIFIED" : "ADDED";
    const revision = ++this.#revision;
    const stored = new Stored(withVersion(object, revision), revision, type);
    collection.set(stored);
    previous?.release();
    this.#tell(storage, collection, { type, stored, previous, revision });
    return stored;
  }

  /** Removes an object; answers its last state with the revision of the removal. */
  delete(storage: string, namespace: string, name: string): Stored | undefined {
    const collection = this.collection(storage);
    const previous = collection.get(namespace, name);
    if (!previous) return undefined;
    const revision = ++this.#revision;
    const stored = new Stored(withVersion(previous.object, revision), revision, "DELETED");
    collection.remove(namespace, name);
    previous.release();
    this.#tell(storage, collection, { type: "DELETED", stored, previous, revision });
    return stored;
  }

  /** Forgets history up to a revision: what is older answers 410 Gone. */
  compact(revision: number = this.#revision): void {
    for (const collection of this.#collections.values()) collection.history.compact(revision);
  }

  /** Hears of writes from now on; answers how to stop. */
  listen(storage: string, listener: StoreListener): () => void {
    let listeners = this.#listeners.get(storage);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(storage, listeners);
    }
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #tell(storage: string, collection: Collection, event: HistoryEvent): void {
    collection.history.push(event);
    const listeners = this.#listeners.get(storage);
    if (!listeners) return;
    for (const listener of listeners) listener(event);
  }
}
