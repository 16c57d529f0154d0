/**
 * The head of a bucket: the newest entries, in the order of their changes, and the table of leaves, which
 * have the older ones. It is what the bucket's record holds, so it changes by compare-and-swap.
 *
 * A head that was read never changes. One that is made of it by `edit` does, until it is written: all that one
 * write takes along go to the same one.
 */
import { z } from "zod";
import { type Entry, isEntry, sizeOf, type Stored } from "./entry.ts";

/** A leaf, and where it begins: it has the keys from there up to the next one's. */
export interface LeafReference {
  /** Stands in the name of its object. */
  readonly id: string;
  /** The first of its keys, of the first leaf `""`. */
  readonly from: string;
  /** Bytes of its entries. */
  readonly bytes: number;
}

/** A head as JSON. */
interface HeadJson {
  readonly id: string;
  readonly seq: number;
  readonly base: number;
  readonly bytes: number;
  readonly leaves: readonly LeafReference[];
  readonly entries: readonly Entry[];
}

/** See the module's text. */
export class Head {
  /** Differs from that of a head that was deleted; `""` if there is none. */
  readonly id: string;
  /** Version of the last change. */
  seq: number;
  /** All changes of a higher version stand in the head. */
  base: number;
  /** Bytes of the entries. */
  bytes: number;
  leaves: readonly LeafReference[];
  readonly #entries: Map<string, Entry>;
  readonly #isDraft: boolean;

  private constructor(
    json: Omit<HeadJson, "entries">,
    entries: Map<string, Entry>,
    draft: boolean,
  ) {
    ({ id: this.id, seq: this.seq, base: this.base, bytes: this.bytes, leaves: this.leaves } =
      json);
    this.#entries = entries;
    this.#isDraft = draft;
  }

  /** The head of a bucket that is not there. */
  static readonly EMPTY: Head = Head.fromJson({
    id: "",
    seq: 0,
    base: 0,
    bytes: 0,
    leaves: [],
    entries: [],
  });

  /** Takes what was read. */
  static fromJson(json: HeadJson): Head {
    return new Head(json, new Map(json.entries.map((entry) => [entry[0], entry])), false);
  }

  /** The entries, deletions too, the last change last. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** A head to change, of which `version` is the one that was read: it lets versions grow over a deletion. */
  edit(version: number): Head {
    if (this.#isDraft) return this;
    const id = this.id || crypto.randomUUID().slice(0, 8);
    const seq = Math.max(this.seq, version);
    return new Head({ ...this, id, seq }, new Map(this.#entries), true);
  }

  /** Changes a key, of a head to change; without `stored` it is deleted. Returns the entry. */
  set(key: string, stored: Stored | undefined): Entry {
    const entry: Entry = [key, ++this.seq, ...stored ?? []];
    this.remove(key); // so that it comes last
    this.#entries.set(key, entry);
    this.bytes += sizeOf(entry);
    return entry;
  }

  /** Takes an entry out, of a head to change: what the leaves have of its key counts then. */
  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.bytes -= sizeOf(entry);
    this.#entries.delete(key);
  }

  /**
   * Refers to other leaves, of a head to change: which have all of the changes up to version `base` that
   * `isMoved` tells of.
   */
  refer(
    leaves: readonly LeafReference[],
    { base, isMoved }: { base: number; isMoved: (entry: Entry) => boolean },
  ): void {
    this.leaves = leaves;
    this.base = base;
    for (const entry of [...this.#entries.values()]) {
      if (entry[1] <= base && isMoved(entry)) this.remove(entry[0]);
    }
  }

  /** What is written. */
  toJSON(): HeadJson {
    const { id, seq, base, bytes, leaves } = this;
    return { id, seq, base, bytes, leaves, entries: [...this.#entries.values()] };
  }
}

function isHeadJson(value: unknown): value is HeadJson {
  const { id, seq, base, bytes, leaves, entries } = (value ?? {}) as Partial<HeadJson>;
  return typeof id === "string" && [seq, base, bytes].every(Number.isSafeInteger) &&
    Array.isArray(leaves) && leaves.every(isLeafReference) &&
    Array.isArray(entries) && entries.every(isEntry);
}

function isLeafReference(value: unknown): value is LeafReference {
  const { id, from, bytes } = (value ?? {}) as Partial<LeafReference>;
  return typeof id === "string" && typeof from === "string" && Number.isSafeInteger(bytes);
}

/** Of a head's JSON no more is checked than what is used: it is read with each change. */
export const headSchema: z.ZodType<Head> = z.custom<HeadJson>(isHeadJson, "the head of a bucket")
  .transform((json) => Head.fromJson(json));
