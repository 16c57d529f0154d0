/**
 * What stands in the record of an ownership: who takes part, and who has which keys.
 *
 * Each key that a member names has an owner, so the keys themselves stand in the record once, with
 * their owners. Of a key that is to change hands its owner has the name of the next one. What members name
 * is told by what their sets lack of all keys, for as a rule all members name the same keys and lack none.
 *
 * @module
 */
import { z } from "zod";

const member = z.object({
  session: z.string(),
  set: z.string(),
  leaving: z.literal(true).optional(),
  owns: z.array(z.string()),
  gives: z.record(z.string(), z.array(z.string())).optional(),
});

/** Who takes part. */
export interface MemberState {
  /** Name of the session that it lives by. */
  session: string;
  /** Which of the sets of keys it names. */
  set: string;
  /** It is given no keys, and goes when it has none left. */
  leaving?: true | undefined;
  /** The keys that it has and is to keep, the last one taken last. */
  owns: string[];
  /** The keys that it has and is to release, by the member that each is for. */
  gives?: Record<string, string[]> | undefined;
}

/** All that the members share. */
export interface OwnershipState {
  /** By their ids, which are made when they join. */
  members: Record<string, MemberState>;
  /** By the name of each set in use the keys that it does not have, of all keys. */
  lacks: Record<string, string[]>;
}

/** What the record must be. */
export const ownershipSchema: z.ZodType<OwnershipState> = z.object({
  members: z.record(z.string(), member),
  lacks: z.record(z.string(), z.array(z.string())),
});

/** Nobody takes part. */
export const NO_MEMBERS: OwnershipState = { members: {}, lacks: {} };

/** A key as the steps see it. */
export interface KeyEntry {
  /** Who has it; nobody, if it is new or its owner is gone. */
  readonly owner?: string;
  /** Who is to have it when its owner has released it; none if it stays. */
  readonly next?: string;
}

/** A member without its keys. */
export interface MemberEntry {
  readonly session: string;
  readonly set: string;
  readonly leaving: boolean;
}

/** The state, by keys. */
export interface Ledger {
  readonly members: Map<string, MemberEntry>;
  /** In the order in which they were taken. */
  readonly keys: Map<string, KeyEntry>;
  readonly lacks: Map<string, Set<string>>;
}

/** Whether a member may have a key: it names it. */
export function isNamedBy({ members, lacks }: Ledger, id: string, key: string): boolean {
  const entry = members.get(id);
  return entry !== undefined && !lacks.get(entry.set)?.has(key);
}

/** The state by keys, to work on. */
export function toLedger(state: OwnershipState): Ledger {
  const members = new Map<string, MemberEntry>();
  const keys = new Map<string, KeyEntry>();
  for (
    const [owner, { session, set, leaving = false, owns, gives = {} }] of entries(state.members)
  ) {
    members.set(owner, { session, set, leaving });
    for (const key of owns) keys.set(key, { owner });
    for (const [next, given] of entries(gives)) {
      for (const key of given) keys.set(key, { owner, next });
    }
  }
  const lacks = entries(state.lacks).map(([set, lacking]) => [set, new Set(lacking)] as const);
  return { members, keys, lacks: new Map(lacks) };
}

/** The state to write. Sets that no member names, and keys that nobody has, are left out. */
export function toState(ledger: Ledger): OwnershipState {
  const members: Record<string, MemberState> = {};
  for (const [id, { leaving, ...rest }] of ledger.members) {
    members[id] = { ...rest, ...leaving && { leaving }, owns: [] };
  }
  const known = new Set<string>();
  for (const [key, { owner, next }] of ledger.keys) {
    const member = owner === undefined ? undefined : members[owner];
    if (!member) continue;
    known.add(key);
    if (next === undefined) member.owns.push(key);
    else ((member.gives ??= {})[next] ??= []).push(key);
  }
  const lacks: Record<string, string[]> = {};
  for (const { set } of ledger.members.values()) {
    lacks[set] ??= [...ledger.lacks.get(set) ?? []].filter((key) => known.has(key));
  }
  return { members, lacks };
}

function entries<V>(of: Record<string, V>): [string, V][] {
  return Object.entries(of);
}
