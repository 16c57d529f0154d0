import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { History } from "./history.ts";
import { Stored } from "./stored.ts";

function filled(limit: number, count: number): History {
  const history = new History(limit);
  for (let revision = 1; revision <= count; revision++) {
    const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" } };
    const stored = new Stored(object, revision, "MODIFIED");
    history.push({ type: "MODIFIED", stored, previous: undefined, revision });
  }
  return history;
}

function revisions(events: Iterable<{ revision: number }>): number[] {
  return [...events].map(({ revision }) => revision);
}

Deno.test("since() gives what is newer, also when the ring went round", () => {
  const history = filled(4, 10);
  deepStrictEqual(revisions(history.since(6)), [7, 8, 9, 10]);
  deepStrictEqual(revisions(history.since(9)), [10]);
  deepStrictEqual(revisions(history.since(10)), []);
  deepStrictEqual(revisions(history.backTo(7)), [10, 9, 8]);
  strictEqual(history.compacted, 6);
});

Deno.test("compact() forgets and goes on", () => {
  const history = filled(4, 6);
  history.compact(5);
  strictEqual(history.compacted, 5);
  deepStrictEqual(revisions(history.since(0)), [6]);
});
