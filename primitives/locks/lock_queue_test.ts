import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { firstHolds, permitsHold, readersOrWriterHold } from "./holders.ts";
import {
  type HoldersRule,
  type LockEntry,
  type LockQueue,
  placeOf,
  withEntry,
  withoutEntry,
  withoutSession,
} from "./lock_queue.ts";

const entry = (id: string, more: Partial<LockEntry> = {}): LockEntry => ({
  id,
  session: `s-${id}`,
  who: id,
  ...more,
});

Deno.test("firstHolds(), readersOrWriterHold() and permitsHold() tell which prefix holds", () => {
  const modes = (text: string) =>
    [...text].map((it, i) => entry(`${i}`, { mode: it === "r" ? "read" : "write" }));
  strictEqual(firstHolds(modes("rr")), 1);
  for (
    const [text, holders] of [["rrw", 2], ["w", 1], ["wr", 1], ["rwr", 1], ["rrr", 3]] as const
  ) {
    strictEqual(readersOrWriterHold(modes(text)), holders, text);
  }
  const permits = (...numbers: number[]) => numbers.map((it, i) => entry(`${i}`, { permits: it }));
  strictEqual(permitsHold(4)(permits(1, 1, 1, 1, 1)), 4);
  strictEqual(permitsHold(4)(permits(2, 3, 1)), 1);
  strictEqual(permitsHold(4)(permits(4, 1)), 1);
  strictEqual(permitsHold(4)(permits(1, 2)), 2);
});

Deno.test("placeOf() names the sessions that one depends on: the first who waits all holders, others the one before", () => {
  const queue = ["a", "b", "c", "d"].map((id) => entry(id, { permits: 1 }));
  const place = (id: string) => placeOf({ queue }, entry(id), permitsHold(2));
  deepStrictEqual(place("b"), { holds: true, nth: 0, behind: new Set() });
  deepStrictEqual(place("c"), { holds: false, nth: 1, behind: new Set(["s-a", "s-b"]) });
  deepStrictEqual(place("d"), { holds: false, nth: 2, behind: new Set(["s-c"]) });
  strictEqual(place("e"), undefined);
  strictEqual(placeOf({ queue }, entry("a", { session: "other" }), firstHolds), undefined);
  const own = [entry("a"), entry("b", { session: "s-a" })];
  deepStrictEqual(placeOf({ queue: own }, own[1]!, firstHolds)!.behind, new Set());
});

Deno.test("withEntry(), withoutEntry() and withoutSession() change nothing where there is nothing to change", () => {
  const state = { queue: [entry("a"), entry("b")] };
  strictEqual(withEntry(state, entry("a")), undefined);
  const again = entry("a", { session: "new" }); // its former session was lost
  deepStrictEqual(withEntry(state, again)!.queue.map((it) => it.session), ["s-b", "new"]);
  strictEqual(withoutEntry(state, "c"), undefined);
  deepStrictEqual(withoutEntry(state, "a")!.queue.map((it) => it.id), ["b"]);
  strictEqual(withoutSession(state, "s-c"), undefined);
  deepStrictEqual(withoutSession(state, "s-b")!.queue.map((it) => it.id), ["a"]);
});

Deno.test("Whoever holds goes on to hold until it is removed, whatever else comes and goes", () => {
  const random = seededRandom(1);
  const rules: HoldersRule[] = [firstHolds, readersOrWriterHold, permitsHold(5)];
  for (const rule of rules) {
    let state: LockQueue = { queue: [] };
    for (let i = 0; i < 2_000; i++) {
      const before = state.queue.slice(0, rule(state.queue)).map((it) => it.id);
      const mode = random() < 0.7 ? "read" as const : "write" as const;
      const permits = 1 + Math.floor(random() * 5);
      const one = state.queue[Math.floor(random() * state.queue.length)];
      if (random() < 0.5 || !one) state = withEntry(state, entry(`${i}`, { mode, permits }))!;
      else state = withoutEntry(state, one.id)!;
      const after = state.queue.slice(0, rule(state.queue)).map((it) => it.id);
      const left = new Set(state.queue.map((it) => it.id));
      for (const id of before) ok(!left.has(id) || after.includes(id));
      ok(state.queue.length === 0 || after.length > 0); // somebody holds
    }
  }
});
