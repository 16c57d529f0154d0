import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type BarrierState,
  NO_BARRIER,
  placeOf,
  suspectsOf,
  withConfirmed,
  without,
  withParty,
} from "./barrier_state.ts";

/** A barrier of 3 at which those have arrived; the session of each has its name in capitals. */
function arrived(...ids: string[]): BarrierState {
  const start: BarrierState = { ...NO_BARRIER, made: "it", parties: 3 };
  return ids.reduce((state, id) => withParty(state, { id, session: id.toUpperCase() }), start);
}

function confirmed(state: BarrierState, ...ids: string[]): BarrierState {
  return ids.reduce((it, id) => withConfirmed(it, id, id.toUpperCase()), state);
}

/** Who waits; a star says that it has confirmed. */
function told({ waiting }: BarrierState): string {
  return waiting.map(({ id, confirmed }) => confirmed ? `${id}*` : id).join(" ");
}

function isDue(state: BarrierState, id: string): boolean {
  const place = placeOf(state, id);
  return place.type === "waiting" && place.isDue;
}

Deno.test("withConfirmed() opens when all of a generation have confirmed since the last one came", () => {
  strictEqual(told(confirmed(arrived("a", "b"), "a", "b")), "a b"); // it is too early
  const full = arrived("a", "b", "c", "d");
  strictEqual(told(full), "a b c* d");
  deepStrictEqual(["a", "b", "c", "d"].map((id) => isDue(full, id)), [true, true, false, false]);
  const next = confirmed(full, "d", "b");
  strictEqual(told(next), "a b* c* d");
  const open = confirmed(next, "a");
  deepStrictEqual(open, {
    made: "it",
    parties: 3,
    generation: 1,
    waiting: [{ id: "d", session: "D", confirmed: false }],
    opened: [["a", "b", "c"]],
  });
  deepStrictEqual(placeOf(open, "b"), {
    type: "opened",
    arrival: { generation: 1, index: 1 },
  });
  strictEqual(placeOf(open, "x").type, "missing");
});

Deno.test("placeOf() knows of the last two openings", () => {
  let state = arrived();
  for (const letter of ["a", "b", "c"]) {
    const ids = [1, 2, 3].map((i) => letter + i);
    for (const id of ids) state = withParty(state, { id, session: id });
    state = confirmed(state, ...ids);
  }
  strictEqual(state.generation, 3);
  strictEqual(placeOf(state, "a1").type, "missing");
  deepStrictEqual(placeOf(state, "b3"), { type: "opened", arrival: { generation: 2, index: 2 } });
  deepStrictEqual(placeOf(state, "c1"), { type: "opened", arrival: { generation: 3, index: 0 } });
});

Deno.test("without() lets the others confirm again if it was one of the generation, and the next one move up", () => {
  const full = confirmed(arrived("a", "b", "c", "d"), "a");
  strictEqual(told(without(full, ({ id }) => id === "d")!), "a* b c*");
  const later = without(full, ({ session }) => session === "B")!;
  strictEqual(told(later), "a c d");
  deepStrictEqual(["a", "c", "d"].map((id) => isDue(later, id)), [true, true, true]);
  strictEqual(confirmed(later, "a", "c", "d").generation, 1);
  strictEqual(told(without(full, ({ id }) => id === "a" || id === "d")!), "b c");
  strictEqual(without(full, ({ id }) => id === "x"), undefined);
});

Deno.test("withParty() opens a barrier of one at once", () => {
  const one = { ...NO_BARRIER, made: "it", parties: 1 };
  const open = withParty(withParty(one, { id: "a", session: "A" }), { id: "b", session: "B" });
  deepStrictEqual(open, {
    made: "it",
    parties: 1,
    generation: 2,
    waiting: [],
    opened: [["a"], ["b"]],
  });
});

Deno.test("suspectsOf() lets the first who seems to live watch those who do not confirm, and each other one the one before", () => {
  const all = (state: BarrierState) => ["a", "b", "c", "d"].map((id) => suspectsOf(state, id));
  deepStrictEqual(all(arrived("a", "b")), [[], [], [], []]);
  deepStrictEqual(all(arrived("a", "b", "c")), [[], [], ["A", "B"], []]);
  const full = confirmed(arrived("a", "b", "c", "d"), "b");
  deepStrictEqual(all(full), [[], ["A"], ["B"], ["C"]]);
  // parties of one process do not watch each other
  const own = withConfirmed(confirmed(full, "b"), "c", "A");
  deepStrictEqual(all(withConfirmed(own, "b", "A")), [[], [], [], ["A"]]);
});
