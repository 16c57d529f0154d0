/**
 * Which entries of a head go into which leaves. Those leaves are made anew that get the most, a few at a time, and
 * the ones beside them that are small. Deletions end here: in a leaf there are none.
 */
import { byKey, type Entry, isDeletion, sizeOf } from "./entry.ts";
import type { Head, LeafReference } from "./head.ts";
import {
  MAX_LEAF_BYTES,
  MAX_MERGED_LEAVES,
  MERGE_FROM_BYTES,
  MIN_LEAF_BYTES,
  USUAL_LEAF_BYTES,
} from "./limits.ts";

/** Leaves beside each other that are made anew together, and what of the head goes into them. */
export interface Range {
  /** Index of the first leaf, and of the one after the last. */
  readonly first: number;
  readonly end: number;
  /** The keys from here up to there, without an end up to the last one. */
  readonly from: string;
  readonly to: string | undefined;
  readonly entries: readonly Entry[];
}

/** What stands where a table has no leaf yet. */
const FIRST_LEAF: LeafReference = { id: "", from: "", bytes: 0 };

/**
 * Chooses what is merged; nothing if it is enough to forget deletions.
 *
 * @param keep how many bytes may stay in the head: less than it has, if there are leaves
 */
export function planMerge(head: Head, { keep = MERGE_FROM_BYTES / 2 } = {}): Range[] {
  const entries = [...head.entries.values()].sort(byKey);
  if (head.leaves.length === 0) {
    const living = entries.filter((entry) => !isDeletion(entry));
    const bytes = living.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (bytes <= MERGE_FROM_BYTES / 2) return [];
  }
  const leaves = head.leaves.length > 0 ? head.leaves : [FIRST_LEAF];
  const parts = leaves.map((leaf, index) => ({ leaf, index, entries: [] as Entry[], bytes: 0 }));
  let index = 0;
  for (const entry of entries) {
    while (leaves[index + 1] && leaves[index + 1]!.from <= entry[0]) index++;
    parts[index]!.entries.push(entry);
    parts[index]!.bytes += sizeOf(entry);
  }
  const chosen = new Set<number>();
  let rest = head.bytes;
  for (const part of parts.toSorted((a, b) => b.bytes - a.bytes)) {
    if (chosen.size >= MAX_MERGED_LEAVES || rest <= keep) break;
    chosen.add(part.index);
    rest -= part.bytes;
    // a small one is joined with the one beside it
    if (part.leaf.bytes + part.bytes >= MIN_LEAF_BYTES) continue;
    const beside = part.index + 1 < parts.length ? part.index + 1 : part.index - 1;
    if (beside >= 0) chosen.add(beside);
  }
  const ranges: Range[] = [];
  for (const first of [...chosen].sort((a, b) => a - b)) {
    if (chosen.has(first - 1)) continue;
    let end = first + 1;
    while (chosen.has(end)) end++;
    ranges.push({
      first,
      end,
      from: leaves[first]!.from,
      to: leaves[end]?.from,
      entries: parts.slice(first, end).flatMap((part) => part.entries),
    });
  }
  return ranges;
}

/** Whether a key lies in a range. */
export function isWithin(key: string, { from, to }: Range): boolean {
  return key >= from && (to === undefined || key < to);
}

/** A leaf that is to be made. */
export interface Piece {
  readonly from: string;
  readonly bytes: number;
  readonly entries: readonly Entry[];
}

/** Merges a range with what its leaves have, and divides the outcome into leaves of about the same size. */
export function mergeRange({ from, entries }: Range, old: readonly Entry[]): Piece[] {
  const merged = new Map([...old, ...entries].map((entry) => [entry[0], entry]));
  const living = [...merged.values()].filter((entry) => !isDeletion(entry)).sort(byKey);
  const sizes = living.map(sizeOf);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const target = total <= MAX_LEAF_BYTES ? total : total / Math.ceil(total / USUAL_LEAF_BYTES);
  const pieces: { from: string; bytes: number; entries: Entry[] }[] = [];
  living.forEach((entry, index) => {
    const last = pieces.at(-1);
    const bytes = sizes[index]!;
    if (last && last.bytes < target && last.bytes + bytes <= MAX_LEAF_BYTES) {
      last.bytes += bytes;
      last.entries.push(entry);
    } else pieces.push({ from: last ? entry[0] : from, bytes, entries: [entry] });
  });
  return pieces;
}

/** The table with the leaves of some ranges replaced by others; the first begins with the first key. */
export function replaceLeaves(
  leaves: readonly LeafReference[],
  replaced: readonly { range: Range; by: readonly LeafReference[] }[],
): LeafReference[] {
  const table = [...leaves];
  for (const { range, by } of replaced.toReversed()) {
    table.splice(range.first, range.end - range.first, ...by);
  }
  return table.map((leaf, index) => index === 0 ? { ...leaf, from: "" } : leaf);
}
