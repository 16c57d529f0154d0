import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Decoded } from "./event_decoder.ts";
import { type Change, Store } from "./store.ts";

function entry(key: string, uid: string, resourceVersion: string): Decoded<string> {
  const object = `${key}/${uid}@${resourceVersion}`;
  return { entry: { key, uid, resourceVersion, object }, object };
}

function setup(): { store: Store<string>; told: string[]; tell: (c: Change<string>) => void } {
  const told: string[] = [];
  const tell = (change: Change<string>) => {
    told.push(`${change.type} ${change.object}${change.replayed ? " replayed" : ""}`);
  };
  return { store: new Store(), told, tell };
}

function list(...items: Decoded<string>[]): Map<string, Decoded<string>> {
  return new Map(items.map((item) => [item.entry.key, item]));
}

Deno.test("Store.apply() tells added, modified and deleted with the event's state", () => {
  const { store, told, tell } = setup();
  store.apply("added", entry("a", "u", "1"), tell);
  store.apply("modified", entry("a", "u", "2"), tell);
  store.apply("deleted", entry("a", "u", "3"), tell);
  deepStrictEqual(told, ["added a/u@1", "modified a/u@2", "deleted a/u@3"]);
  strictEqual(store.view.size, 0);
});

Deno.test("Store.apply() tells what changes, whatever the event calls it", () => {
  const { store, told, tell } = setup();
  store.apply("modified", entry("a", "u", "1"), tell);
  store.apply("added", entry("a", "u", "2"), tell);
  store.apply("added", entry("a", "u", "2"), tell);
  store.apply("deleted", entry("b", "u", "3"), tell);
  deepStrictEqual(told, ["added a/u@1", "modified a/u@2"]);
});

Deno.test("Store.apply() tells a deletion first when another object has taken the name", () => {
  const { store, told, tell } = setup();
  store.apply("added", entry("a", "u1", "1"), tell);
  store.apply("added", entry("a", "u2", "5"), tell);
  deepStrictEqual(told, ["added a/u1@1", "deleted a/u1@1", "added a/u2@5"]);
  strictEqual(store.view.get("a"), "a/u2@5");
});

Deno.test("Store.replace() tells everything again, and deletions with the last known state", () => {
  const { store, told, tell } = setup();
  store.replace(
    list(entry("same", "u", "1"), entry("changed", "u", "2"), entry("gone", "u", "3")),
    tell,
  );
  told.length = 0;
  store.replace(
    list(entry("same", "u", "1"), entry("changed", "u", "7"), entry("new", "u", "8")),
    tell,
  );
  deepStrictEqual(told, [
    "deleted gone/u@3",
    "modified same/u@1 replayed",
    "modified changed/u@7 replayed",
    "added new/u@8 replayed",
  ]);
});

Deno.test("Store.replace() tells deleted, then added, when an object was made again", () => {
  const { store, told, tell } = setup();
  store.replace(list(entry("a", "u1", "1")), tell);
  store.replace(list(entry("a", "u2", "9")), tell);
  deepStrictEqual(told, ["added a/u1@1 replayed", "deleted a/u1@1", "added a/u2@9 replayed"]);
});

Deno.test("Store.replace() is complete before it tells", () => {
  const store = new Store<string>();
  const seen: string[][] = [];
  store.replace(list(entry("a", "u", "1"), entry("b", "u", "2")), () => {
    seen.push([...store.view.keys()]);
  });
  deepStrictEqual(seen, [["a", "b"], ["a", "b"]]);
});

Deno.test("Store.view follows the store and cannot write", () => {
  const { store, tell } = setup();
  const { view } = store;
  store.replace(list(entry("a", "u", "1")), tell);
  strictEqual(view.has("a"), true);
  deepStrictEqual([...view.values()], ["a/u@1"]);
  deepStrictEqual(Object.keys(view).sort(), ["get", "has", "keys", "size", "values"]);
});
