/**
 * The state of a lock: one queue of those who hold it and those who wait, first come, first served. Whoever
 * stands in the prefix that the lock's rule allows holds. All functions here are pure.
 *
 * Why a holder never loses its hold to others: what is added stands at the end, and what is removed makes
 * room only; so whoever is in the prefix stays in it until it is removed itself.
 *
 * @module
 */
import { z } from "zod";

const entrySchema = z.object({
  id: z.string().min(1),
  session: z.string().min(1),
  who: z.string(),
  mode: z.enum(["read", "write"]).optional(),
  permits: z.int().min(1).optional(),
});

/** One who holds or waits. */
export interface LockEntry {
  /** Of this attempt to acquire. */
  readonly id: string;
  /** Name of the session that it lives by. */
  readonly session: string;
  /** Identity of its process, for people. */
  readonly who: string;
  /** What it wants of a lock that knows both. */
  readonly mode?: "read" | "write";
  /** How many permits it wants of a semaphore. */
  readonly permits?: number;
}

/** The state of the record. */
export interface LockQueue {
  readonly queue: readonly LockEntry[];
  /** How many permits there are, as those say who stand in the queue. */
  readonly limit?: number;
}

/** What the state must be. */
export const lockQueueSchema: z.ZodType<LockQueue> = z.object({
  queue: z.array(entrySchema),
  limit: z.int().min(1).optional(),
});

/** How many of the queue hold, from its beginning. */
export type HoldersRule = (queue: readonly LockEntry[]) => number;

/** Where somebody stands. */
export interface Place {
  readonly holds: boolean;
  /** 1 for the first who waits, 2 for the second. */
  readonly nth: number;
  /** The sessions by whose end alone it would come nearer: no others need to be watched. */
  readonly behind: ReadonlySet<string>;
}

/** Where the entry stands; nothing if it is not there. */
export function placeOf(
  { queue }: LockQueue,
  { id, session }: LockEntry,
  rule: HoldersRule,
): Place | undefined {
  const index = queue.findIndex((it) => it.id === id && it.session === session);
  if (index < 0) return undefined;
  const holders = rule(queue);
  if (index < holders) return { holds: true, nth: 0, behind: new Set() };
  // the first who waits depends on all who hold, the others on who stands before them
  const before = index === holders ? queue.slice(0, holders) : queue.slice(index - 1, index);
  const behind = new Set(before.map((it) => it.session));
  behind.delete(session); // if that ends, so does this one's place
  return { holds: false, nth: index - holders + 1, behind };
}

/** Adds an entry at the end, in place of an earlier one of its id; nothing if it is there. */
export function withEntry(state: LockQueue, entry: LockEntry): LockQueue | undefined {
  const { queue } = state;
  if (queue.some((it) => it.id === entry.id && it.session === entry.session)) return undefined;
  return { ...state, queue: [...queue.filter((it) => it.id !== entry.id), entry] };
}

/** Removes an entry; nothing if it is not there. */
export function withoutEntry(state: LockQueue, id: string): LockQueue | undefined {
  return without(state, (it) => it.id === id);
}

/** Removes all entries of a session that is gone; nothing if there are none. */
export function withoutSession(state: LockQueue, session: string): LockQueue | undefined {
  return without(state, (it) => it.session === session);
}

function without(state: LockQueue, which: (entry: LockEntry) => boolean): LockQueue | undefined {
  const queue = state.queue.filter((it) => !which(it));
  return queue.length < state.queue.length ? { ...state, queue } : undefined;
}
