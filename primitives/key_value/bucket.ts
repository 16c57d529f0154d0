/**
 * A bucket without its values' types: reads, commits, and what is seen of it.
 *
 * Flow: whoever looks, looks into a head and into leaves that are here. Where one is missing it is loaded, and
 * the look begins anew, with the head as it is then if the leaf is no more (the head has been merged). A
 * commit is such a look within the `update` of the record: what it finds and what it writes are of one version.
 *
 * @module
 */
import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import type { Fenced } from "../fencing/fencing_token.ts";
import { RecordError, SharedRecord, type Versioned } from "../record/mod.ts";
import { unlessAborted } from "../waiting.ts";
import { apply, checkFence, effective, HeadFull, type Write, writeOf } from "./apply.ts";
import type { Entry } from "./entry.ts";
import { Expiry } from "./expiry.ts";
import { Head, headSchema, type LeafReference } from "./head.ts";
import { BUCKET_LABEL, type Leaf } from "./leaf.ts";
import { LeafStore } from "./leaf_store.ts";
import { Merger } from "./merger.ts";
import { SharedRead } from "./shared_read.ts";
import { MissingLeaves, View } from "./view.ts";

/** What the objects of buckets are of, and what stands in their names. */
const KIND = "key-value";

/** What a call makes of what it finds. */
export interface Decision<T> {
  readonly writes: readonly Write[];
  readonly result: T;
}

/** What came of a commit. */
export interface Committed<T> {
  readonly result: T;
  /** Of what was written. */
  readonly entries: readonly Entry[];
}

/** See the module's text. */
export class Bucket {
  readonly name: string;
  readonly #record: SharedRecord<Head>;
  readonly #leaves: LeafStore;
  readonly #merger: Merger;
  readonly #expiry: Expiry;
  readonly #reads: SharedRead<Versioned<Head>>;
  /** The newest head that was looked through for entries with a time to live. */
  #seen: Head = Head.EMPTY;

  constructor(context: PrimitiveContext, name: string) {
    this.name = name;
    this.#record = new SharedRecord(context, {
      kind: KIND,
      name,
      schema: headSchema,
      empty: Head.EMPTY,
      labels: { [BUCKET_LABEL]: name },
    });
    this.#leaves = new LeafStore(context, {
      kind: KIND,
      bucket: name,
      onLoad: ({ entries }) => this.#expiry.saw(entries),
    });
    this.#merger = new Merger(context, this.#record, this.#leaves);
    this.#expiry = new Expiry(context, (versions) => this.#expire(versions, context.signal));
    this.#reads = new SharedRead(async (signal) => {
      const now = await this.#record.read(anySignal([signal, context.signal]));
      this.#saw(now.state);
      return now;
    });
  }

  /** Calls `listener` with each state of the head in order; see `SharedRecord.follow`. */
  follow(listener: (seen: Versioned<Head>, isGone: boolean) => void): () => void {
    return this.#record.follow((seen, isGone) => {
      if (!isGone) this.#saw(seen.state);
      listener(seen, isGone);
    });
  }

  /** Resolves when those who follow are told each state from now on. */
  async following(signal: AbortSignal): Promise<void> {
    await this.#record.following(signal);
  }

  /** Looks into the bucket as it is now, or, `cached`, as it was last seen, if it was. */
  async look<T>(
    how: (view: View) => T,
    { signal, cached }: { signal: AbortSignal; cached?: boolean },
  ): Promise<{ found: T; version: number; head: Head }> {
    const held = new Map<string, Leaf>();
    let now = cached ? this.#record.known : undefined;
    for (;;) {
      const { state: head, version } = now ??= await this.#reads.read(signal);
      try {
        return { found: how(this.#view(head, held)), version, head };
      } catch (error) {
        if (!(error instanceof MissingLeaves)) throw error;
        if (!await this.#hold(error.leaves, held, signal)) now = undefined;
      }
    }
  }

  /** Writes what `decide` makes of the bucket; it may be called again, and its last call counts. */
  async commit<T>(
    decide: (view: View) => Decision<T>,
    { signal, fence }: { signal: AbortSignal; fence?: Fenced },
  ): Promise<Committed<T>> {
    const held = new Map<string, Leaf>();
    for (;;) {
      let committed: Committed<T> | undefined;
      try {
        const { state } = await this.#record.update((head, version) => {
          const view = this.#view(head, held);
          const fenceWrites = fence ? checkFence(view, fence, this.name) : [];
          const { writes, result } = decide(view);
          const all = effective(view, [...writes, ...fenceWrites]);
          const next = all.length > 0 ? head.edit(version) : undefined;
          committed = { result, entries: next ? apply(next, all, this.name) : [] };
          return next;
        }, signal);
        this.#saw(state);
        this.#merger.consider(state);
        return committed!;
      } catch (error) {
        if (error instanceof HeadFull) await unlessAborted(signal, this.#merger.merge(error));
        else if (error instanceof MissingLeaves) await this.#hold(error.leaves, held, signal);
        else throw error;
      }
    }
  }

  /** Deletes keys that still have these versions. */
  async #expire(versions: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    await this.commit((view) => {
      const due = [...versions].filter(([key, version]) => view.get(key)?.[1] === version);
      return { writes: due.map(([key]) => writeOf(key)), result: undefined };
    }, { signal });
  }

  #saw(head: Head): void {
    const { id, seq } = this.#seen;
    if (head === this.#seen || head.id === id && head.seq <= seq) return;
    this.#seen = head;
    this.#leaves.retain(head);
    if (head.id !== id) this.#expiry.clear();
    this.#expiry.saw([...head.entries.values()]);
  }

  #view(head: Head, held: ReadonlyMap<string, Leaf>): View {
    return new View(head, (id) => held.get(id) ?? this.#leaves.cached(id));
  }

  /**
   * Loads leaves. Tells whether all were there; if not, the head is another now.
   *
   * @throws {RecordError} when it is not
   */
  async #hold(
    references: readonly LeafReference[],
    held: Map<string, Leaf>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const leaves = await Promise.all(references.map(({ id }) => this.#leaves.load(id, signal)));
    const gone = references.filter(({ id }, index) => {
      const leaf = leaves[index];
      if (leaf) held.set(id, leaf);
      return !leaf;
    });
    if (gone.length === 0) return true;
    const { state } = await this.#reads.read(signal);
    const lost = gone.find(({ id }) => state.leaves.some((leaf) => leaf.id === id));
    if (!lost) return false;
    throw new RecordError(
      `Cannot read bucket "${this.name}": its part "${this.#record.object}.${lost.id}" was deleted`,
    );
  }
}
