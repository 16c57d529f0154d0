/**
 * Says who is to have which key. Those who have keys keep them as far as the loads, which are counted as they
 * will be when all has changed hands, differ by one at most among members that name the same keys. So a
 * member that comes takes ⌊keys ÷ members⌋ of them and nothing else moves, and of one that goes only
 * its own move. Hashing would need no memory for it, and is not used because there is one: the record. By
 * rendezvous hashing (D. Thaler and C. Ravishankar, 1998) as little moves, but of 1,000 keys over 10 members
 * some have 120 and others 80; with bounded loads (V. Mirrokni, M. Thorup and M. Zadimoghaddam,
 * "Consistent hashing with bounded loads", 2018) more moves than must.
 *
 * @module
 */
import { isNamedBy, type Ledger } from "./ownership_state.ts";

/** What a member is to have. */
interface Plan {
  /** What it has and is to keep. */
  readonly kept: string[];
  /** What it does not have yet. */
  readonly coming: string[];
}

/** Gives keys that nobody has to somebody, and tells of the others who is next. */
export function balance(ledger: Ledger): void {
  const ids = [...ledger.members].filter(([, it]) => !it.leaving).map(([id]) => id).sort();
  const plans = new Map<string, Plan>(ids.map((id) => [id, { kept: [], coming: [] }]));
  const free: string[] = [];
  for (const [key, { owner, next }] of ledger.keys) {
    const id = [next, owner].find((it) =>
      it !== undefined && plans.has(it) && isNamedBy(ledger, it, key)
    );
    if (id === undefined) free.push(key);
    else add(ledger, plans, id, key);
  }
  for (const key of free) {
    const able = ids.filter((id) => isNamedBy(ledger, id, key));
    if (able.length === 0) continue;
    const least = able.reduce((a, b) => load(plans, b) < load(plans, a) ? b : a);
    add(ledger, plans, least, key);
  }
  level(ledger, plans);
  const planned = new Map<string, string>();
  for (const [id, { kept, coming }] of plans) {
    for (const key of [...kept, ...coming]) planned.set(key, id);
  }
  for (const [key, { owner }] of ledger.keys) {
    const id = planned.get(key);
    if (owner === undefined) ledger.keys.set(key, { owner: id });
    else ledger.keys.set(key, id === undefined || id === owner ? { owner } : { owner, next: id });
  }
}

function load(plans: Map<string, Plan>, id: string): number {
  const { kept, coming } = plans.get(id)!;
  return kept.length + coming.length;
}

function add({ keys }: Ledger, plans: Map<string, Plan>, id: string, key: string): void {
  const { kept, coming } = plans.get(id)!;
  (keys.get(key)!.owner === id ? kept : coming).push(key);
}

/** Moves keys from who has the most to who has the least, one at a time, until nothing can be gained. */
function level(ledger: Ledger, plans: Map<string, Plan>): void {
  const stuck = new Set<string>(); // pairs between which no key can move
  function moveOne(): boolean {
    const ids = [...plans.keys()].sort((a, b) => load(plans, a) - load(plans, b));
    for (const from of ids.toReversed()) {
      for (const to of ids) {
        if (load(plans, from) - load(plans, to) < 2) break;
        if (stuck.has(`${from} ${to}`)) continue;
        const key = take(ledger, plans.get(from)!, to);
        if (key === undefined) stuck.add(`${from} ${to}`);
        else {
          add(ledger, plans, to, key);
          for (const id of ids) stuck.delete(`${to} ${id}`);
          return true;
        }
      }
    }
    return false;
  }
  while (moveOne());
}

/** Takes the key that it costs least to move: one that is there still, one on its way, the one taken last. */
function take(ledger: Ledger, { kept, coming }: Plan, to: string): string | undefined {
  const isNamed = (key: string) => isNamedBy(ledger, to, key);
  const there = coming.findIndex((key) => ledger.keys.get(key)!.owner === to && isNamed(key));
  if (there >= 0) return coming.splice(there, 1)[0];
  for (const list of [coming, kept]) {
    const index = list.findLastIndex(isNamed);
    if (index >= 0) return list.splice(index, 1)[0];
  }
  return undefined;
}
