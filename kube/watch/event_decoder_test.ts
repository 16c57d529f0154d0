import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { jsonDecoder } from "./event_decoder.ts";
import { NODES, PODS } from "./kinds.ts";

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

const METADATA = { name: "p", namespace: "n", uid: "u1", resourceVersion: "5" };

Deno.test("jsonDecoder() decodes an object with its key and versions", () => {
  const object = { apiVersion: "v1", kind: "Pod", metadata: METADATA };
  const event = jsonDecoder(PODS).event(bytes({ type: "MODIFIED", object }));
  if (event.type !== "modified") throw new Error(`it is ${event.type}`);
  strictEqual(event.entry.key, "n/p");
  strictEqual(event.entry.uid, "u1");
  strictEqual(event.entry.resourceVersion, "5");
  strictEqual(event.entry.object.metadata?.name, "p");
});

Deno.test("jsonDecoder() names a cluster-scoped object without a namespace", () => {
  const object = { metadata: { name: "n1", uid: "u", resourceVersion: "1" } };
  const event = jsonDecoder(NODES).event(bytes({ type: "ADDED", object }));
  strictEqual(event.type === "added" && event.entry.key, "n1");
});

Deno.test("jsonDecoder() drops managedFields", () => {
  const metadata = { ...METADATA, managedFields: [{ manager: "kubectl", fieldsV1: {} }] };
  const event = jsonDecoder(PODS).event(bytes({ type: "ADDED", object: { metadata } }));
  strictEqual(event.type === "added" && event.entry.object.metadata?.managedFields, undefined);
});

Deno.test("jsonDecoder() decodes bookmarks and errors", () => {
  const decoder = jsonDecoder(PODS);
  const bookmark = { kind: "Pod", metadata: { resourceVersion: "77" } };
  deepStrictEqual(decoder.event(bytes({ type: "BOOKMARK", object: bookmark })), {
    type: "bookmark",
    resourceVersion: "77",
  });
  const details = { retryAfterSeconds: 3 };
  const status = { kind: "Status", code: 429, reason: "TooManyRequests", message: "m", details };
  deepStrictEqual(decoder.event(bytes({ type: "ERROR", object: status })), {
    type: "error",
    status: { code: 429, reason: "TooManyRequests", message: "m", retryAfterMs: 3_000 },
  });
});

Deno.test("jsonDecoder() throws on what is no event", () => {
  const decoder = jsonDecoder(PODS);
  for (
    const line of [
      '{"type":"ADDED","obj',
      "[]",
      { type: "CHANGED", object: {} },
      { type: "ADDED" },
      { type: "ADDED", object: { metadata: { ...METADATA, resourceVersion: "" } } },
      { type: "ADDED", object: { metadata: { ...METADATA, name: undefined } } },
      { type: "ADDED", object: { metadata: METADATA, spec: { containers: 5 } } },
      { type: "BOOKMARK", object: { metadata: {} } },
    ]
  ) throws(() => decoder.event(bytes(line)), JSON.stringify(line));
  throws(() => decoder.event(new Uint8Array([0x22, 0xff, 0x22])), TypeError);
});

Deno.test("jsonDecoder() decodes a page whose items have no kind of their own", () => {
  const page = jsonDecoder(PODS).page(bytes({
    kind: "PodList",
    metadata: { resourceVersion: "9", continue: "next" },
    items: [{ metadata: METADATA }],
  }));
  strictEqual(page.continueToken, "next");
  strictEqual(page.resourceVersion, "9");
  deepStrictEqual(page.entries.map((entry) => entry.object.kind), ["Pod"]);
});

Deno.test("jsonDecoder() decodes an empty last page", () => {
  const metadata = { resourceVersion: "9", continue: "" };
  deepStrictEqual(jsonDecoder(PODS).page(bytes({ metadata, items: null })), {
    entries: [],
    resourceVersion: "9",
    continueToken: undefined,
  });
});
