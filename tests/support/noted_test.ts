import { deepStrictEqual } from "node:assert/strict";
import { DoneSet } from "../../coordinator/batches/done_set.ts";
import { notedMistakes, type NotedState } from "./noted.ts";

function state(term: number, ...done: [number, number][]): NotedState {
  return { term, state: "running", done: new DoneSet(done) };
}

Deno.test("notedMistakes() finds nothing where each one is noted once", () => {
  const states = [state(1), state(1, [0, 2]), state(2, [0, 2]), state(2, [0, 2], [3, 4])];
  const results = [[1, 0], [1, 1], [1, 2], [2, 2], [2, 3]].map(([term, index]) => ({
    term: term!,
    index: index!,
  }));
  deepStrictEqual(notedMistakes(states, results), []);
});

Deno.test("notedMistakes() finds what was forgotten, is stale, or is handed on again", () => {
  const forgotten = [state(1, [0, 3]), state(2, [0, 1], [2, 3])];
  deepStrictEqual(notedMistakes(forgotten, []), ["1 is not noted any more in term 2"]);
  const stale = [state(2, [0, 1]), state(1, [0, 2])];
  deepStrictEqual(notedMistakes(stale, []), ["term 1 noted after 2"]);
  const states = [state(1, [0, 1]), state(2, [0, 1])];
  deepStrictEqual(notedMistakes(states, [{ term: 1, index: 0 }, { term: 2, index: 0 }]), [
    "0 was handed on in term 2, and noted before it",
  ]);
  deepStrictEqual(notedMistakes(states, [{ term: 1, index: 5 }, { term: 1, index: 5 }]), [
    "5 was handed on twice in term 1",
  ]);
});
