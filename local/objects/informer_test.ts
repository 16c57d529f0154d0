import { deepStrictEqual } from "node:assert/strict";
import { Index } from "./informer.ts";
import { pod } from "./testdata/builders.ts";
import type { Pod } from "./types.ts";

function names(index: Index<Pod>, group: string): string[] {
  return [...index.in(group)].map(({ metadata }) => metadata.name);
}

Deno.test("Index follows objects from group to group and out", () => {
  const index = new Index<Pod>(({ spec }) => spec.nodeName ? [spec.nodeName] : []);
  const states = [pod("a", { uid: "a" }), pod("a", { uid: "a", node: "n1" })] as const;
  index.apply({ type: "added", object: states[0], replayed: false });
  index.apply({ type: "modified", object: states[1], replayed: false });
  index.apply({ type: "added", object: pod("b", { node: "n1" }), replayed: false });
  deepStrictEqual(names(index, "n1"), ["a", "b"]);
  index.apply({ type: "modified", object: pod("a", { uid: "a", node: "n2" }), replayed: false });
  deepStrictEqual([names(index, "n1"), names(index, "n2")], [["b"], ["a"]]);
  index.apply({ type: "deleted", object: states[0], replayed: false });
  deepStrictEqual(names(index, "n2"), []);
});

Deno.test("Index keeps two objects of the same name apart", () => {
  const index = new Index<Pod>(() => ["all"]);
  index.apply({ type: "added", object: pod("a", { uid: "new" }), replayed: false });
  index.apply({ type: "deleted", object: pod("a", { uid: "old" }), replayed: false });
  deepStrictEqual(names(index, "all"), ["a"]);
});
