/**
 * Moves entries from the head of a bucket into leaves, in the background, while others write.
 *
 * Flow: new leaves are made of what a head has and of the leaves that they replace; then the record is
 * updated on condition that the head has the same table of leaves as then (`id` and `base` tell): it refers to
 * the new leaves, and keeps what is newer. If somebody else was faster, the new leaves are deleted,
 * else the replaced ones.
 *
 * A leaf carries the `id` and `base` that it was made for: no head can come to refer to it once the
 * bucket's has others. So what a process that died has left behind can be told from what is about to be
 * referred to, and is deleted by who merges next.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { SharedRecord } from "../record/mod.ts";
import { isDeletion } from "./entry.ts";
import type { Head, LeafReference } from "./head.ts";
import type { LeafStore } from "./leaf_store.ts";
import { MERGE_FROM_BYTES } from "./limits.ts";
import { isWithin, mergeRange, planMerge, type Range, replaceLeaves } from "./merge_plan.ts";

/** Each time after so many merges it is looked for leaves that were left behind; and after the first one. */
const SWEEP_EVERY = 32;

/** See the module's text. */
export class Merger {
  readonly #context: RequestContext;
  readonly #record: SharedRecord<Head>;
  readonly #leaves: LeafStore;
  #running: Promise<void> | undefined;
  #merges = 0;
  #from: number;

  constructor(context: RequestContext, record: SharedRecord<Head>, leaves: LeafStore) {
    this.#context = context;
    this.#record = record;
    this.#leaves = leaves;
    this.#from = this.#draw();
  }

  /** Merges if there is enough to be merged. Call it with what was written. */
  consider({ bytes }: Head): void {
    const { background, signal } = this.#context;
    if (bytes <= this.#from || this.#running || signal.aborted) return;
    background.run(
      this.merge().catch((error) => {
        if (!signal.aborted) throw error;
      }),
    );
  }

  /**
   * Merges until there is little left, and, if it is for their sake, no deletion. All who call it wait for the
   * same; so who finds deletions left calls it again.
   */
  merge({ deletions = false } = {}): Promise<void> {
    return this.#running ??= this.#merge(deletions).finally(() => this.#running = undefined);
  }

  /** Where it begins differs, so that of many processes as a rule one does it. */
  #draw(): number {
    return MERGE_FROM_BYTES * (1 + this.#context.random() / 2);
  }

  async #merge(deletions: boolean): Promise<void> {
    const { signal } = this.#context;
    for (;;) {
      const { state: head } = this.#record.known ?? await this.#record.read(signal);
      const isDue = deletions && [...head.entries.values()].some(isDeletion);
      if (head.bytes <= MERGE_FROM_BYTES && !isDue) break;
      const keep = isDue ? 0 : MERGE_FROM_BYTES / 2;
      if (!await this.#mergeOnce(head, keep)) await this.#record.read(signal);
    }
    this.#from = this.#draw();
    if (this.#merges++ % SWEEP_EVERY > 0) return;
    await this.#leaves.sweep(async () => (await this.#record.read(signal)).state, signal);
  }

  /** Tells whether it was done; if not, the head has changed. */
  async #mergeOnce(head: Head, keep: number): Promise<boolean> {
    const { signal } = this.#context;
    const ranges = planMerge(head, { keep });
    const replaced: { range: Range; by: LeafReference[] }[] = [];
    for (const range of ranges) {
      const by = await this.#make(range, head);
      if (!by) {
        await this.#remove(replaced.flatMap((it) => it.by));
        return false;
      }
      replaced.push({ range, by });
    }
    const table = replaceLeaves(head.leaves, replaced);
    let merged = false;
    await this.#record.update((now, version) => {
      merged = now.id === head.id && now.base === head.base;
      if (!merged) return undefined;
      const next = now.edit(version);
      next.refer(table, {
        base: head.seq,
        isMoved: (entry) =>
          ranges.length === 0 ? isDeletion(entry) : ranges.some((it) => isWithin(entry[0], it)),
      });
      return next;
    }, signal);
    const old = ranges.flatMap(({ first, end }) => head.leaves.slice(first, end));
    await this.#remove(merged ? old : replaced.flatMap((it) => it.by));
    return merged;
  }

  /** Makes the leaves of a range; nothing if one of those that they replace is gone. */
  async #make(range: Range, head: Head): Promise<LeafReference[] | undefined> {
    const { signal } = this.#context;
    const old = await Promise.all(
      head.leaves.slice(range.first, range.end).map(({ id }) =>
        this.#leaves.cached(id) ?? this.#leaves.load(id, signal)
      ),
    );
    if (old.includes(undefined)) return undefined;
    const pieces = mergeRange(range, old.flatMap((leaf) => leaf!.entries));
    const made: LeafReference[] = [];
    for (const { from, bytes, entries } of pieces) {
      made.push({ id: await this.#leaves.create(entries, head, signal), from, bytes });
    }
    return made;
  }

  async #remove(leaves: readonly LeafReference[]): Promise<void> {
    const { signal } = this.#context;
    await Promise.all(leaves.map(({ id }) => this.#leaves.remove(id, signal)));
  }
}
