import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { toNewEvent } from "./event_views.ts";
import { concat, Stored } from "./stored.ts";

const OBJECT = {
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { name: "ä" },
  data: { k: "v" },
};
const EVENT = { kind: "Event", apiVersion: "v1", metadata: { name: "e" }, message: "hello" };

function text(...parts: Uint8Array[]): string {
  return new TextDecoder().decode(concat(parts));
}

Deno.test("frame() is made once and shared by the bytes of the object and of the item", () => {
  const stored = new Stored(OBJECT, 5, "MODIFIED");
  const frame = stored.frame("MODIFIED");
  strictEqual(stored.frame("MODIFIED"), frame);
  strictEqual(stored.bytes().buffer, frame.buffer);
  deepStrictEqual(JSON.parse(text(frame)), { type: "MODIFIED", object: OBJECT });
  deepStrictEqual(JSON.parse(text(stored.bytes())), OBJECT);
  deepStrictEqual(JSON.parse(text(...stored.itemBytes())), {
    metadata: { name: "ä" },
    data: { k: "v" },
  });
});

Deno.test("frame() tells another type when a selector turns a change into one", () => {
  const stored = new Stored(OBJECT, 5, "MODIFIED");
  deepStrictEqual(JSON.parse(text(stored.frame("ADDED"))), { type: "ADDED", object: OBJECT });
});

Deno.test("release() lets the bytes be made again", () => {
  const stored = new Stored(OBJECT, 5, "ADDED");
  const before = text(stored.bytes());
  stored.release();
  strictEqual(text(stored.bytes()), before);
});

Deno.test("as() makes another form once", () => {
  const stored = new Stored(EVENT, 5, "ADDED");
  const view = stored.as(toNewEvent);
  strictEqual(stored.as(toNewEvent), view);
  strictEqual(stored.as(undefined), stored);
  strictEqual(view.object.note, "hello");
  strictEqual(view.object.apiVersion, "events.k8s.io/v1");
});
