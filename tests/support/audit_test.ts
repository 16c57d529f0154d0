import { deepStrictEqual } from "node:assert/strict";
import { type Audited, staleWrites } from "./audit.ts";

function state(term: number, tick?: string, name = "a"): Audited {
  return { name, term, tick };
}

Deno.test("staleWrites() finds nothing when each term writes its own after the ones before", () => {
  const states = [
    state(0),
    state(3, "3-1"),
    state(3, "3-1"), // its status was written
    state(7, "3-1"), // it was claimed
    state(2, "2-1", "b"), // another head is claimed on its own
    state(7, "7-1"),
  ];
  deepStrictEqual(staleWrites(states), []);
});

Deno.test("staleWrites() finds a write of a leader that was succeeded", () => {
  const states = [state(3, "3-1"), state(7, "7-1"), state(3, "3-2"), state(7, "7-2")];
  deepStrictEqual(staleWrites(states), ["a: term 3 after 7"]);
});

Deno.test("staleWrites() finds a claim that is taken back, though nothing else is changed", () => {
  deepStrictEqual(staleWrites([state(3, "3-1"), state(7, "3-1"), state(3, "3-1")]), [
    "a: term 3 after 7",
  ]);
});

Deno.test("staleWrites() finds what was decided in an earlier term and written in a later one", () => {
  const states = [state(3, "3-1"), state(7, "3-2"), state(9, "7-1")];
  deepStrictEqual(staleWrites(states), ["a: tick 3-2 in term 7", "a: tick 7-1 in term 9"]);
  const isSameReplica = (a: number, b: number): boolean => a === 3 && b === 7;
  deepStrictEqual(staleWrites(states, isSameReplica), ["a: tick 7-1 in term 9"]);
});
