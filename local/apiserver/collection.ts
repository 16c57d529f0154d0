/** All objects of one kind, indexed by namespace and kept in the order of their keys. */
import { History } from "./history.ts";
import type { Stored } from "./stored.ts";

/** Which part of a collection to read. */
export interface Range {
  /** One namespace, or all. */
  namespace?: string;
  /** Only keys after this one. */
  after?: ListKey;
}

/** A position in a list. */
export interface ListKey {
  namespace: string;
  name: string;
}

interface Bucket {
  readonly objects: Map<string, Stored>;
  /** Sorted; rebuilt by binary insertion, never by sorting. */
  readonly names: string[];
}

/** Objects by namespace and name; cluster-scoped ones are in namespace "". */
export class Collection {
  readonly history: History;
  readonly #buckets = new Map<string, Bucket>();
  readonly #namespaces: string[] = [];
  #size = 0;

  constructor(historyLimit: number) {
    this.history = new History(historyLimit);
  }

  /** How many objects there are. */
  get size(): number {
    return this.#size;
  }

  /** One object. */
  get(namespace: string, name: string): Stored | undefined {
    return this.#buckets.get(namespace)?.objects.get(name);
  }

  /** Adds or replaces. */
  set(stored: Stored): void {
    let bucket = this.#buckets.get(stored.namespace);
    if (!bucket) {
      bucket = { objects: new Map(), names: [] };
      this.#buckets.set(stored.namespace, bucket);
      insert(this.#namespaces, stored.namespace, compareNamespaces);
    }
    if (!bucket.objects.has(stored.name)) {
      insert(bucket.names, stored.name, compare);
      this.#size++;
    }
    bucket.objects.set(stored.name, stored);
  }

  /** Removes. */
  remove(namespace: string, name: string): void {
    const bucket = this.#buckets.get(namespace);
    if (!bucket?.objects.delete(name)) return;
    bucket.names.splice(position(bucket.names, name, compare), 1);
    this.#size--;
    if (bucket.names.length > 0) return;
    this.#buckets.delete(namespace);
    this.#namespaces.splice(position(this.#namespaces, namespace, compareNamespaces), 1);
  }

  /** Present objects in key order. Nothing may be written while this is read. */
  *range(range: Range = {}): Generator<Stored> {
    const { after } = range;
    const from = range.namespace ?? after?.namespace;
    let i = from === undefined ? 0 : position(this.#namespaces, from, compareNamespaces);
    for (; i < this.#namespaces.length; i++) {
      const namespace = this.#namespaces[i] as string;
      if (range.namespace !== undefined && namespace !== range.namespace) return;
      const bucket = this.#buckets.get(namespace) as Bucket;
      let j = 0;
      if (after && after.namespace === namespace) {
        j = position(bucket.names, after.name, compare);
        if (bucket.names[j] === after.name) j++;
      }
      for (; j < bucket.names.length; j++) {
        yield bucket.objects.get(bucket.names[j] as string) as Stored;
      }
    }
  }

  /** Objects as they were at a revision that is not compacted, in key order. */
  *rangeAt(revision: number, range: Range = {}): Generator<Stored> {
    const undone = new Map<string, Stored | undefined>();
    for (const event of this.history.backTo(revision)) {
      undone.set(keyOf(event.stored), event.previous);
    }
    if (undone.size === 0) return yield* this.range(range);
    const revived = [...undone.values()]
      .filter((stored) => stored !== undefined && inRange(stored, range))
      .sort((a, b) => compareStored(a as Stored, b as Stored)) as Stored[];
    let next = 0;
    for (const stored of this.range(range)) {
      if (undone.has(keyOf(stored))) continue;
      for (; next < revived.length; next++) {
        const candidate = revived[next] as Stored;
        if (compareStored(candidate, stored) > 0) break;
        yield candidate;
      }
      yield stored;
    }
    yield* revived.slice(next);
  }
}

function keyOf(stored: Stored): string {
  return `${stored.namespace}/${stored.name}`;
}

function inRange(stored: Stored, range: Range): boolean {
  if (range.namespace !== undefined && stored.namespace !== range.namespace) return false;
  return !range.after || compareStored(stored, range.after) > 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keys are "namespace/name": "a/x" sorts after "a-b/x", because "-" is less than "/". */
function compareNamespaces(a: string, b: string): number {
  return compare(`${a}/`, `${b}/`);
}

function compareStored(a: ListKey, b: ListKey): number {
  return compareNamespaces(a.namespace, b.namespace) || compare(a.name, b.name);
}

function position(sorted: string[], value: string, by: typeof compare): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (by(sorted[middle] as string, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(sorted: string[], value: string, by: typeof compare): void {
  sorted.splice(position(sorted, value, by), 0, value);
}
