import { deepStrictEqual, rejects } from "node:assert/strict";
import {
  type JSONObject,
  JsonParsingTransformer,
  readAllItems,
  readAllPages,
  WatchEventTransformer,
} from "@cloudydeno/kubernetes-client";

Deno.test("JsonParsingTransformer parses lines that are objects", async () => {
  const lines = ReadableStream.from(['{"a":1}', "{}"]);
  deepStrictEqual(await Array.fromAsync(lines.pipeThrough(new JsonParsingTransformer())), [
    { a: 1 },
    {},
  ]);
  for (const bad of ["[]", "", "{"]) {
    const stream = ReadableStream.from([bad]).pipeThrough(new JsonParsingTransformer());
    await rejects(Array.fromAsync(stream), Error);
  }
});

Deno.test("WatchEventTransformer decodes objects, errors and bookmarks", async () => {
  deepStrictEqual(
    await decode([
      { type: "ADDED", object: { name: "a" } },
      { type: "MODIFIED", object: { name: "b" } },
      { type: "DELETED", object: { name: "c" } },
      { type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "7", uid: "x" } } },
      { type: "ERROR", object: { code: 410 } },
    ]),
    [
      { type: "ADDED", object: "a" },
      { type: "MODIFIED", object: "b" },
      { type: "DELETED", object: "c" },
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "7" } } },
      { type: "ERROR", object: 410 },
    ],
  );
});

Deno.test("WatchEventTransformer fails on what is no event", async () => {
  const bad: [JSONObject, RegExp][] = [
    [{ object: {} }, /'type' field was undefined/],
    [{ type: "ADDED" }, /'object' field was null/],
    [{ type: "ADDED", object: [] }, /'object' field was Array/],
    [{ type: "ADDED", object: "x" }, /'object' field was string/],
    [{ type: "MOVED", object: {} }, /unknown event type MOVED/],
    [{ type: "BOOKMARK", object: { metadata: {} } }, /BOOKMARK event wasn't recognizable/],
    [{ type: "BOOKMARK", object: { metadata: [] } }, /BOOKMARK event wasn't recognizable/],
  ];
  for (const [event, message] of bad) await rejects(decode([event]), message);
});

Deno.test("readAllPages() and readAllItems() follow continue tokens", async () => {
  const asked: (string | undefined)[] = [];
  const page = (token?: string) => {
    asked.push(token);
    const index = Number(token ?? 0);
    const next = index < 2 ? String(index + 1) : index === 2 ? null : undefined;
    return Promise.resolve({ metadata: { continue: next }, items: [index, index + 0.5] });
  };
  deepStrictEqual(await Array.fromAsync(readAllItems(page)), [0, 0.5, 1, 1.5, 2, 2.5]);
  deepStrictEqual(asked, [undefined, "1", "2"]);
  deepStrictEqual((await Array.fromAsync(readAllPages(page))).length, 3);
});

function decode(events: JSONObject[]): Promise<unknown[]> {
  const transformer = new WatchEventTransformer(
    (object) => String(object.name),
    (object) => Number(object.code),
  );
  return Array.fromAsync(ReadableStream.from(events).pipeThrough(transformer));
}
