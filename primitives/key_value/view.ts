/** What a bucket has at one moment: a head, and the leaves that it refers to. */
import { byKey, type Entry, isDeletion } from "./entry.ts";
import type { Head, LeafReference } from "./head.ts";
import type { Leaf } from "./leaf.ts";

/** Thrown where leaves are looked into that are not here yet: whoever looks loads them, and looks again. */
export class MissingLeaves extends Error {
  /** Which. */
  readonly leaves: readonly LeafReference[];

  /** Nobody sees it. */
  constructor(leaves: readonly LeafReference[]) {
    super("Cannot look into leaves: they are not loaded");
    this.leaves = leaves;
  }
}

/** See the module's text. */
export class View {
  readonly head: Head;
  readonly #leaf: (id: string) => Leaf | undefined;

  /** @param leaf the leaf of an id, if it is here */
  constructor(head: Head, leaf: (id: string) => Leaf | undefined) {
    this.head = head;
    this.#leaf = leaf;
  }

  /**
   * The entry of a key; nothing if it is deleted or was never there.
   *
   * @throws {MissingLeaves} when it may be in a leaf that is not here
   */
  get(key: string): Entry | undefined {
    const entry = this.head.entries.get(key);
    if (entry) return isDeletion(entry) ? undefined : entry;
    const reference = this.head.leaves.findLast(({ from }) => from <= key);
    return reference && this.#leaves([reference])[0]!.find(key);
  }

  /**
   * The entries of all keys that begin so, in the order of the keys.
   *
   * @throws {MissingLeaves} when some may be in leaves that are not here
   */
  list(prefix: string): Entry[] {
    const { entries } = this.head;
    const found = this.#leaves(leavesOf(this.head.leaves, prefix))
      .flatMap((leaf) => leaf.entries)
      .filter(([key]) => key.startsWith(prefix) && !entries.has(key));
    for (const entry of entries.values()) {
      if (entry[0].startsWith(prefix) && !isDeletion(entry)) found.push(entry);
    }
    return found.sort(byKey);
  }

  #leaves(references: readonly LeafReference[]): Leaf[] {
    const found = references.map(({ id }) => this.#leaf(id));
    const missing = references.filter((_, index) => !found[index]);
    if (missing.length > 0) throw new MissingLeaves(missing);
    return found as Leaf[];
  }
}

/** The leaves that may have keys that begin so. */
function leavesOf(leaves: readonly LeafReference[], prefix: string): LeafReference[] {
  return leaves.filter(({ from }, index) => {
    const next = leaves[index + 1]?.from;
    return (from <= prefix || from.startsWith(prefix)) && (next === undefined || next > prefix);
  });
}
