import type { Decoded, Entry } from "./event_decoder.ts";
import type { ObjectKey } from "./resource_kind.ts";

/** Something that happened to an object. */
export interface Change<T> {
  /** What happened, in relation to what was told before. */
  readonly type: "added" | "modified" | "deleted";
  /** The present state; of a deleted object, the last one known. */
  readonly object: T;
  /**
   * Whether this is the present state told again, by the first list or by a list after a
   * reconnect. A deletion is never replayed.
   */
  readonly replayed: boolean;
}

/** A read-only view of the objects that are known. */
export interface ReadonlyStore<T> {
  /** How many objects are known. */
  readonly size: number;
  /** The object of that key. */
  get(key: ObjectKey): T | undefined;
  /** Whether there is an object of that key. */
  has(key: ObjectKey): boolean;
  /** The keys of all objects. */
  keys(): IterableIterator<ObjectKey>;
  /** All objects. */
  values(): IterableIterator<T>;
}

/**
 * The objects of one reflector. The reflector is the only writer; all else reads `view`.
 * Each write is complete before the changes that it makes are told.
 */
export class Store<T> {
  #entries: Map<ObjectKey, Entry<T>> = new Map();

  /** What others may see. */
  readonly view: ReadonlyStore<T> = this.#view();

  /** Takes one event of a watch and tells what it changes, which may be nothing. */
  apply(
    type: "added" | "modified" | "deleted",
    { entry, object }: Decoded<T>,
    tell: (change: Change<T>) => void,
  ): void {
    const known = this.#entries.get(entry.key);
    if (type === "deleted") {
      if (!known) return; // never told, so there is nothing to take back
      this.#entries.delete(entry.key);
      return tell({ type, object, replayed: false });
    }
    this.#entries.set(entry.key, entry);
    if (known && known.uid === entry.uid) {
      if (known.resourceVersion === entry.resourceVersion) return; // the same state again
      return tell({ type: "modified", object, replayed: false });
    }
    if (known) tell({ type: "deleted", object: known.object, replayed: false });
    tell({ type: "added", object, replayed: false });
  }

  /**
   * Swaps in a complete list and tells every object of it again. What is no longer there, or
   * is there with another uid, is told as deleted first.
   */
  replace(list: Map<ObjectKey, Decoded<T>>, tell: (change: Change<T>) => void): void {
    const before = this.#entries;
    this.#entries = new Map();
    for (const { entry } of list.values()) this.#entries.set(entry.key, entry);
    for (const known of before.values()) {
      if (list.get(known.key)?.entry.uid === known.uid) continue;
      tell({ type: "deleted", object: known.object, replayed: false });
    }
    for (const { entry, object } of list.values()) {
      const type = before.get(entry.key)?.uid === entry.uid ? "modified" : "added";
      tell({ type, object, replayed: true });
    }
  }

  #view(): ReadonlyStore<T> {
    const entries = () => this.#entries;
    return {
      get size() {
        return entries().size;
      },
      get: (key) => entries().get(key)?.object,
      has: (key) => entries().has(key),
      keys: () => entries().keys(),
      *values() {
        for (const entry of entries().values()) yield entry.object;
      },
    };
  }
}
