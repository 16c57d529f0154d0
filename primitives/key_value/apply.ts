/** Changes a head by what one call writes: all of it or nothing. */
import { type Fenced, StaleTokenError } from "../fencing/fencing_token.ts";
import { type Entry, fenceKey, isDeletion, isUserKey, sizeOf, type Stored } from "./entry.ts";
import type { Head } from "./head.ts";
import { MAX_BUCKET_BYTES, MAX_HEAD_BYTES, MERGE_FROM_BYTES, SPARE_HEAD_BYTES } from "./limits.ts";
import type { View } from "./view.ts";

/** A change of a key. */
export interface Write {
  readonly key: string;
  /** The value; without one it is deleted. */
  readonly stored?: Stored;
  /** What it takes in the head, at most. */
  readonly bytes: number;
}

/** A change of a key, measured. */
export function writeOf(key: string, stored?: Stored): Write {
  return { key, stored, bytes: sizeOf([key, Number.MAX_SAFE_INTEGER, ...stored ?? []]) };
}

/** Thrown where a write finds no room: whoever writes merges the head into leaves, and writes again. */
export class HeadFull extends Error {
  /** Whether it is not the head that is full: room comes of its deletions, when they are merged. */
  readonly deletions: boolean;

  /** Nobody sees it. */
  constructor(message: string, { deletions = false } = {}) {
    super(message);
    this.deletions = deletions;
  }
}

/**
 * Compares a token with the highest of its scope; returns the write that remembers it, if it is higher.
 *
 * @throws {StaleTokenError} when it is lower
 */
export function checkFence(view: View, { scope, token }: Fenced, bucket: string): Write[] {
  const highest = (view.get(fenceKey(scope))?.[2] ?? -1) as number;
  if (token > highest) return [writeOf(fenceKey(scope), [token])];
  if (token === highest) return [];
  const of = scope === "" ? "" : ` of "${scope}"`;
  throw new StaleTokenError(
    `Cannot change bucket "${bucket}": the token ${token}${of} is lower than ${highest}, which was used before`,
    { token, highest },
  );
}

/**
 * Makes the changes in a head to change. Returns the entries that there are now of what was put, and
 * deletions of what was there.
 *
 * @throws {HeadFull} when it has no room at present; nothing is changed
 * @throws {RangeError} when there will not be any; nothing is changed
 */
export function apply(draft: Head, writes: readonly Write[], bucket: string): Entry[] {
  const sum = writes.reduce((total, { bytes }) => total + bytes, 0);
  const own = writes.filter(({ key }) => isUserKey(key)); // the others are fences
  const puts = own.some(({ stored }) => stored);
  const keys = own.length === 1 ? `"${own[0]!.key}"` : `${own.length} keys`;
  const cannot = `Cannot write ${keys} into bucket "${bucket}"`;
  if (sum > MAX_HEAD_BYTES) {
    throw new RangeError(`${cannot}: it would take ${sum} bytes, allowed are ${MAX_HEAD_BYTES}`);
  }
  const stored = draft.leaves.reduce((total, { bytes }) => total + bytes, draft.bytes);
  if (puts && stored + sum > MAX_BUCKET_BYTES) {
    if ([...draft.entries.values()].some(isDeletion)) {
      throw new HeadFull(`${cannot}: deletions are to be merged`, { deletions: true });
    }
    throw new RangeError(
      `${cannot}: it is full, it takes ${stored} bytes, allowed are ${MAX_BUCKET_BYTES}`,
    );
  }
  const room = puts ? MAX_HEAD_BYTES : MAX_HEAD_BYTES + SPARE_HEAD_BYTES;
  const isMergeable = draft.bytes > MERGE_FROM_BYTES; // else a merge would make no room
  if (isMergeable && draft.bytes + sum > room) throw new HeadFull(`${cannot}: its head is full`);
  return writes.map(({ key, stored }) => draft.set(key, stored));
}

/** The writes of which something is left to do: a deletion of what is not there is none. */
export function effective(view: View, writes: readonly Write[]): Write[] {
  return writes.filter(({ key, stored }) => stored || view.get(key));
}
