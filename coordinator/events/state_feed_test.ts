import { deepStrictEqual } from "node:assert/strict";
import type { Change } from "../../kube/mod.ts";
import { StateFeed } from "./state_feed.ts";

interface Thing {
  name: string;
  size: number;
  labels: Record<string, string>;
  version: number;
}

function start(): {
  feed: StateFeed<Thing, State>;
  heard: string[];
  push: (c: Change<State>) => void;
} {
  const feed = new StateFeed<Thing, State>(({ name, size, labels, version }) => (
    { name, namespace: "n", uid: name, size, labels, source: version }
  ));
  const heard: string[] = [];
  const push = (change: Change<State>): void => {
    heard.push(`${change.type} ${change.object.size}${change.replayed ? " replayed" : ""}`);
  };
  return { feed, heard, push };
}

interface State {
  name: string;
  namespace: string;
  uid: string;
  size: number;
  labels: Record<string, string>;
  source: unknown;
}

function change(
  type: Change<Thing>["type"],
  size: number,
  more: { replayed?: boolean; version?: number; labels?: Record<string, string> } = {},
): Change<Thing> {
  const { replayed = false, version = 1, labels = {} } = more;
  return { type, replayed, object: { name: "a", size, labels, version } };
}

Deno.test("StateFeed leaves out what changes nothing but the source", () => {
  const { feed, heard, push } = start();
  feed.open();
  feed.subscribe(push);
  feed.take(change("added", 1));
  feed.take(change("modified", 1, { version: 2 }));
  feed.take(change("modified", 1, { version: 3, labels: { a: "b" } }));
  feed.take(change("modified", 2));
  deepStrictEqual(heard, ["added 1", "modified 1", "modified 2"]);
});

Deno.test("StateFeed tells a replay again though nothing changed", () => {
  const { feed, heard, push } = start();
  feed.open();
  feed.subscribe(push);
  feed.take(change("added", 1));
  feed.take(change("modified", 1, { replayed: true }));
  deepStrictEqual(heard, ["added 1", "modified 1 replayed"]);
});

Deno.test("StateFeed tells a deletion, and an object of the same name after it", () => {
  const { feed, heard, push } = start();
  feed.open();
  feed.subscribe(push);
  feed.take(change("added", 1));
  feed.take(change("deleted", 1));
  feed.take(change("added", 1));
  deepStrictEqual(heard, ["added 1", "deleted 1", "added 1"]);
});

Deno.test("StateFeed tells what is there when it opens, and nothing before", () => {
  const { feed, heard, push } = start();
  feed.subscribe(push);
  feed.take(change("added", 1));
  feed.take(change("modified", 2));
  deepStrictEqual(heard, []);
  feed.open();
  feed.open();
  deepStrictEqual(heard, ["added 2 replayed"]);
});

Deno.test("StateFeed tells what is there to who subscribes later, and stops when told", () => {
  const { feed, heard, push } = start();
  feed.open();
  feed.take(change("added", 1));
  const remove = feed.subscribe(push);
  remove();
  feed.take(change("modified", 2));
  deepStrictEqual(heard, ["added 1 replayed"]);
});

Deno.test("StateFeed tells nothing while it is shut, and all again when it opens", () => {
  const { feed, heard, push } = start();
  feed.subscribe(push);
  feed.open();
  feed.take(change("added", 1));
  feed.shut();
  feed.take(change("modified", 2));
  deepStrictEqual(heard.splice(0), ["added 1"]);
  feed.open();
  deepStrictEqual(heard, ["added 2 replayed"]);
});
