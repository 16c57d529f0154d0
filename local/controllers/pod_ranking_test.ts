import { deepStrictEqual } from "node:assert/strict";
import { NOW, pod, type PodTraits } from "../objects/testdata/builders.ts";
import { DELETION_COST, rankForDeletion } from "./pod_ranking.ts";

/** Each line: what goes first, and what outlives it. */
const PAIRS: Record<string, [PodTraits, PodTraits]> = {
  "a pod without a node before one with a node": [{}, { node: "n", phase: "Pending" }],
  "a pending pod before a running one": [{ node: "n", phase: "Pending" }, { node: "n" }],
  "a pod of unknown phase before a running one": [{ node: "n", phase: "Unknown" }, { node: "n" }],
  "a pod that is not ready before one that is": [{ node: "n" }, { node: "n", readyFor: 10 }],
  "a cheap pod before a costly one": [
    { node: "n", readyFor: 10, annotations: { [DELETION_COST]: "-5" } },
    { node: "n", readyFor: 10, annotations: { [DELETION_COST]: "5" } },
  ],
  "a pod on a crowded node before one that is alone": [
    { node: "crowded", readyFor: 10 },
    { node: "empty", readyFor: 10 },
  ],
  "one that is ready for a short time before one that is ready for long": [
    { node: "n", readyFor: 10 },
    { node: "n", readyFor: 1000 },
  ],
  "one that was restarted often before one that was not": [
    { node: "n", readyFor: 10, restarts: 7 },
    { node: "n", readyFor: 10 },
  ],
  "a young pod before an old one": [
    { node: "n", readyFor: 10, age: 20 },
    { node: "n", readyFor: 10, age: 2000 },
  ],
  "by uid when all else is of the same order": [
    { node: "n", readyFor: 900, age: 1000, uid: "a" },
    { node: "n", readyFor: 800, age: 990, uid: "b" },
  ],
};

for (const [name, [first, second]] of Object.entries(PAIRS)) {
  Deno.test(`rankForDeletion() takes ${name}`, () => {
    const pods = [pod("second", second), pod("first", first)];
    const view = { now: NOW, crowdOn: (node: string) => node === "crowded" ? 3 : 1 };
    deepStrictEqual(
      rankForDeletion(pods, view).map(({ metadata }) => metadata.name),
      ["first", "second"],
    );
  });
}
