import { deepStrictEqual } from "node:assert/strict";
import { Store } from "./store.ts";

function object(namespace: string, name: string) {
  return { kind: "ConfigMap", apiVersion: "v1", metadata: { namespace, name } };
}

function keys(range: Iterable<{ namespace: string; name: string }>): string[] {
  return [...range].map(({ namespace, name }) => `${namespace}/${name}`);
}

/** A small linear congruential generator: the same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % below;
  };
}

Deno.test("range() keeps the order of keys, in which a dash is before the slash", () => {
  const store = new Store();
  for (const namespace of ["b", "a", "a-b"]) {
    for (const name of ["y", "x"]) store.put("configmaps", object(namespace, name));
  }
  const collection = store.collection("configmaps");
  deepStrictEqual(keys(collection.range()), ["a-b/x", "a-b/y", "a/x", "a/y", "b/x", "b/y"]);
  deepStrictEqual(keys(collection.range({ namespace: "a" })), ["a/x", "a/y"]);
  const after = { namespace: "a-b", name: "x" };
  deepStrictEqual(keys(collection.range({ after })), ["a-b/y", "a/x", "a/y", "b/x", "b/y"]);
});

Deno.test("rangeAt() gives each past state when objects came, changed and went", () => {
  const random = numbers(7);
  const store = new Store();
  const collection = store.collection("configmaps");
  const states = new Map<number, string[]>();
  const tell = (range: Iterable<{ namespace: string; name: string; revision: number }>) =>
    [...range].map(({ namespace, name, revision }) => `${namespace}/${name}@${revision}`);
  for (let i = 0; i < 400; i++) {
    const namespace = "abc"[random(3)] as string;
    const name = `n${random(8)}`;
    if (random(3) === 0) store.delete("configmaps", namespace, name);
    else store.put("configmaps", object(namespace, name));
    states.set(store.revision, tell(collection.range()));
  }
  for (const [revision, state] of states) {
    deepStrictEqual(tell(collection.rangeAt(revision)), state);
    const after = { namespace: "b", name: "n3" };
    const later = state.filter((key) => (key.split("@")[0] as string) > "b/n3");
    deepStrictEqual(tell(collection.rangeAt(revision, { after })), later);
    const inB = state.filter((key) => key.startsWith("b/"));
    deepStrictEqual(tell(collection.rangeAt(revision, { namespace: "b" })), inB);
  }
});
