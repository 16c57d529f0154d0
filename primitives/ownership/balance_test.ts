import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { balance } from "./balance.ts";
import { type Ledger, type MemberEntry, toLedger, toState } from "./ownership_state.ts";

const KEYS = Array.from({ length: 1_000 }, (_, i) => `key-${i}`);

/** Members that all name all keys, none of which has an owner. */
function ledgerOf(ids: readonly string[], keys = KEYS): Ledger {
  return {
    members: new Map(ids.map((id) => [id, memberOf(id)])),
    keys: new Map(keys.map((key) => [key, {}])),
    lacks: new Map([["0", new Set()]]),
  };
}

function memberOf(id: string, entry: Partial<MemberEntry> = {}): MemberEntry {
  return { session: `session-${id}`, set: "0", leaving: false, ...entry };
}

/** Who is to have each key. */
function planOf({ keys }: Ledger): Map<string, string | undefined> {
  return new Map([...keys].map(([key, { owner, next }]) => [key, next ?? owner]));
}

function loadsOf(ledger: Ledger): number[] {
  const loads = new Map([...ledger.members.keys()].map((id) => [id, 0]));
  for (const id of planOf(ledger).values()) if (id) loads.set(id, loads.get(id)! + 1);
  return [...loads.values()].sort((a, b) => a - b);
}

function movedSince(before: Map<string, string | undefined>, ledger: Ledger): number {
  return [...planOf(ledger)].filter(([key, id]) => before.get(key) !== id).length;
}

/** As if all had been released and taken. */
function carryOut({ keys }: Ledger): void {
  for (const [key, { owner, next }] of keys) keys.set(key, { owner: next ?? owner });
}

Deno.test("balance() gives each the same number of keys, or one more", () => {
  for (const n of [1, 2, 3, 7, 30]) {
    const ledger = ledgerOf(Array.from({ length: n }, (_, i) => `m${i}`));
    balance(ledger);
    const loads = loadsOf(ledger);
    deepStrictEqual([loads[0], loads.at(-1)], [Math.floor(1_000 / n), Math.ceil(1_000 / n)]);
    for (const { next } of ledger.keys.values()) strictEqual(next, undefined); // nobody had them
  }
});

Deno.test("balance() moves only what must when one comes or goes", () => {
  const random = seededRandom(7);
  const ledger = ledgerOf(["m0"]);
  balance(ledger);
  for (let i = 1; i < 80; i++) {
    const before = planOf(ledger);
    const ids = [...ledger.members.keys()];
    if (random() < 0.6) {
      ledger.members.set(`m${i}`, memberOf(`m${i}`));
      balance(ledger);
      strictEqual(movedSince(before, ledger), Math.floor(1_000 / (ids.length + 1)));
    } else if (ids.length > 1) {
      const gone = ids[Math.floor(random() * ids.length)]!;
      const its = [...before.values()].filter((id) => id === gone).length;
      ledger.members.delete(gone);
      for (const [key, { owner }] of ledger.keys) if (owner === gone) ledger.keys.set(key, {});
      balance(ledger);
      strictEqual(movedSince(before, ledger), its);
    }
    const loads = loadsOf(ledger);
    ok(loads.at(-1)! - loads[0]! <= 1);
    carryOut(ledger);
  }
});

Deno.test("balance() moves a key that is on its way elsewhere, and no other, when one more comes", () => {
  const ledger = ledgerOf(["a"]);
  balance(ledger);
  const before = new Map(ledger.keys);
  for (const id of ["b", "c", "d"]) {
    ledger.members.set(id, memberOf(id));
    balance(ledger);
  }
  deepStrictEqual(loadsOf(ledger), [250, 250, 250, 250]);
  // as many as if the three had come at once
  strictEqual([...ledger.keys].filter(([, { next }]) => next !== undefined).length, 750);
  for (const id of ["b", "c", "d"]) ledger.members.delete(id);
  balance(ledger);
  deepStrictEqual(new Map(ledger.keys), before); // and they stay if nothing has moved yet
});

Deno.test("balance() gives a key only to who names it and stays", () => {
  const ledger = ledgerOf(["old1", "old2", "new1", "gone"], ["a", "b", "c", "d", "e", "f"]);
  ledger.members.set("new1", memberOf("new1", { set: "1" }));
  ledger.members.set("gone", memberOf("gone", { leaving: true }));
  ledger.lacks.set("0", new Set(["e", "f"])).set("1", new Set(["a"]));
  balance(ledger);
  for (const [key, id] of planOf(ledger)) {
    ok(id !== "gone" && (key !== "a" || id !== "new1"));
    if (key === "e" || key === "f") strictEqual(id, "new1");
  }
  deepStrictEqual(loadsOf(ledger), [0, 2, 2, 2]);
  for (const id of ["old1", "old2"]) ledger.members.delete(id);
  for (const [key, { owner }] of ledger.keys) if (owner !== "new1") ledger.keys.set(key, {});
  balance(ledger);
  strictEqual(ledger.keys.get("a")!.owner, undefined); // nobody is there who names it
});

Deno.test("balance() is fast enough to be computed with each write", () => {
  const keys = Array.from({ length: 8_000 }, (_, i) => `key-${i}`);
  const ledger = ledgerOf(Array.from({ length: 100 }, (_, i) => `m${i}`), keys);
  balance(ledger);
  for (const [i, id] of [...ledger.members.keys()].entries()) {
    if (i % 2) ledger.members.set(id, memberOf(id, { set: "1" }));
  }
  ledger.lacks.set("1", new Set(keys.slice(0, 4_000)));
  const start = performance.now();
  balance(ledger);
  const ms = performance.now() - start;
  ok(ms < 3_000, `it took ${ms} ms`); // some 100 ms on a machine that is not busy
  deepStrictEqual(toState(toLedger(toState(ledger))), toState(ledger));
});
