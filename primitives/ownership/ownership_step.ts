/**
 * What one member makes of the state: all that it knows to have changed goes into one write. It looks only at
 * the state and at what is true of the member, so it may be repeated at will.
 *
 * @module
 */
import { balance } from "./balance.ts";
import { type Ledger, type OwnershipState, toLedger, toState } from "./ownership_state.ts";

/** What a member knows. */
export interface OwnershipFacts {
  /** Its id. */
  readonly id: string;
  /** The session that it lives by. */
  readonly session: string;
  /** Whether it has joined before: if it is not there then, it was taken out and has no say. */
  readonly joined: boolean;
  /** Whether it goes. */
  readonly leaving: boolean;
  /** The keys that it names. */
  readonly keys: ReadonlySet<string>;
  /** The keys for which nothing runs here, and will not before this is written. */
  readonly released: ReadonlySet<string>;
  /** Sessions that are gone. */
  readonly gone: ReadonlySet<string>;
  /** Ids by which the same took part before; nothing runs for them. */
  readonly former: ReadonlySet<string>;
}

/** The state after it; nothing if it stays as it is. */
export function step(state: OwnershipState, facts: OwnershipFacts): OwnershipState | undefined {
  const ledger = toLedger(state);
  let changed = removeGone(ledger, facts);
  changed = takePart(ledger, facts) || changed;
  if (changed) balance(ledger); // who is next is decided before what was released is handed on
  changed = handOn(ledger, facts) || changed;
  return changed ? toState(ledger) : undefined;
}

function removeGone({ members, keys }: Ledger, { gone, former }: OwnershipFacts): boolean {
  const dead = [...members].filter(([id, { session }]) => gone.has(session) || former.has(id));
  if (dead.length === 0) return false;
  for (const [id] of dead) members.delete(id);
  for (const [key, { owner, next }] of keys) {
    if (owner !== undefined && !members.has(owner)) keys.set(key, { next });
  }
  return true;
}

/** Joins, names other keys, or tells that it goes; says whether anything was new. */
function takePart(ledger: Ledger, { id, session, joined, leaving, keys }: OwnershipFacts): boolean {
  const me = ledger.members.get(id);
  if (!me && (joined || leaving)) return false;
  if (leaving) {
    if (me!.leaving) return false;
    ledger.members.set(id, { ...me!, leaving });
    return true;
  }
  if (me && isSame(ledger, me.set, keys)) return false;
  ledger.members.set(id, { session, set: "", leaving }); // a set that only this one has is not kept
  const set = setOf(ledger, keys);
  ledger.members.set(id, { session, set, leaving });
  return true;
}

/** Hands on what was released, and goes if there is nothing left. */
function handOn({ members, keys, lacks }: Ledger, facts: OwnershipFacts): boolean {
  const { id, leaving, released } = facts;
  const me = members.get(id);
  if (!me) return false;
  let changed = false;
  for (const key of released) {
    const { owner, next } = keys.get(key) ?? {};
    if (owner !== id) continue;
    if (next === undefined && !leaving && !lacks.get(me.set)?.has(key)) continue; // it stays after all
    keys.delete(key); // whoever takes it has it last in its order
    if (next !== undefined) keys.set(key, { owner: next });
    changed = true;
  }
  if (!leaving || [...keys.values()].some(({ owner }) => owner === id)) return changed;
  members.delete(id);
  return true;
}

/** The name of the set of these keys: one in use that is the same, or a new one. */
function setOf(ledger: Ledger, named: ReadonlySet<string>): string {
  const { members, keys, lacks } = ledger;
  const used = new Set([...members.values()].map(({ set }) => set));
  for (const set of [...lacks.keys()]) if (!used.has(set)) lacks.delete(set);
  for (const set of lacks.keys()) if (isSame(ledger, set, named)) return set;
  for (const key of named) {
    if (keys.has(key)) continue;
    keys.set(key, {});
    for (const lacking of lacks.values()) lacking.add(key);
  }
  let number = 0;
  while (lacks.has(String(number))) number++;
  lacks.set(String(number), new Set([...keys.keys()].filter((key) => !named.has(key))));
  return String(number);
}

function isSame({ keys, lacks }: Ledger, set: string, named: ReadonlySet<string>): boolean {
  const lacking = lacks.get(set);
  if (!lacking || keys.size - lacking.size !== named.size) return false;
  for (const key of named) if (!keys.has(key) || lacking.has(key)) return false;
  return true;
}
