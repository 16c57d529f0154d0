import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { jsonDecoder } from "./json_decoder.ts";
import { NODES, PODS } from "./kinds.ts";
import { leanDecoder } from "./lean_decoder.ts";

function bytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

const METADATA = { name: "p", namespace: "n", uid: "u1", resourceVersion: "5" };

/** What every decoder must do. */
for (const decoderOf of [jsonDecoder, leanDecoder]) {
  const name = `${decoderOf.name}()`;

  Deno.test(`${name} decodes an object with its key and versions`, () => {
    const object = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...METADATA, creationTimestamp: "2024-05-04T10:11:12Z" },
      spec: { containers: [{ name: "größe 😀", image: "i" }] },
    };
    const event = decoderOf(PODS).event(bytes({ type: "MODIFIED", object }));
    if (event.type !== "modified") throw new Error(`it is ${event.type}`);
    strictEqual(event.entry.key, "n/p");
    strictEqual(event.entry.uid, "u1");
    strictEqual(event.entry.resourceVersion, "5");
    deepStrictEqual(event.object, PODS.decode(object));
    deepStrictEqual(event.entry.object, event.object);
  });

  Deno.test(`${name} names a cluster-scoped object without a namespace`, () => {
    const object = { metadata: { name: "n1", uid: "u", resourceVersion: "1" } };
    const event = decoderOf(NODES).event(bytes({ type: "ADDED", object }));
    strictEqual(event.type === "added" && event.entry.key, "n1");
  });

  Deno.test(`${name} drops managedFields, in events and pages, however it is written`, () => {
    const metadata = { ...METADATA, managedFields: [{ manager: "m", fieldsV1: { "f:x": {} } }] };
    const object = { metadata, spec: { containers: [] } };
    const { managedFields: _, ...rest } = metadata;
    const expected = PODS.decode({ metadata: rest, spec: { containers: [] } });
    const event = { type: "ADDED", object };
    for (
      const line of [bytes(event), bytes(JSON.stringify(event, null, 1).replaceAll("\n", " "))]
    ) {
      const decoded = decoderOf(PODS).event(line);
      if (decoded.type !== "added") throw new Error(`it is ${decoded.type}`);
      deepStrictEqual(decoded.object, expected);
      deepStrictEqual(decoded.entry.object, expected);
    }
    const list = { metadata: { resourceVersion: "9" }, items: [object] };
    const [item] = decoderOf(PODS).page(bytes(list)).items;
    deepStrictEqual(item?.object, expected);
    deepStrictEqual(item?.entry.object, expected);
  });

  Deno.test(`${name} decodes bookmarks and errors`, () => {
    const decoder = decoderOf(PODS);
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

  Deno.test(`${name} throws on what is no event`, () => {
    const decoder = decoderOf(PODS);
    for (
      const line of [
        '{"type":"ADDED","obj',
        '{"type":"ADDED","object":{"metadata":{"managedFields":[',
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

  Deno.test(`${name} decodes a page whose items have no kind of their own`, () => {
    const page = decoderOf(PODS).page(bytes({
      kind: "PodList",
      metadata: { resourceVersion: "9", continue: "next" },
      items: [{ metadata: METADATA }],
    }));
    strictEqual(page.continueToken, "next");
    strictEqual(page.resourceVersion, "9");
    deepStrictEqual(page.items.map(({ object, entry }) => [object.kind, entry.object.kind]), [
      ["Pod", "Pod"],
    ]);
  });

  Deno.test(`${name} decodes an empty last page`, () => {
    const metadata = { resourceVersion: "9", continue: "" };
    deepStrictEqual(decoderOf(PODS).page(bytes({ metadata, items: null })), {
      items: [],
      resourceVersion: "9",
      continueToken: undefined,
    });
  });
}

Deno.test("leanDecoder() does not let a change of what was told reach what is kept", () => {
  const event = leanDecoder(PODS).event(bytes({ type: "ADDED", object: { metadata: METADATA } }));
  if (event.type !== "added" || !event.object.metadata) throw new Error("it is no pod");
  notStrictEqual(event.object, event.entry.object);
  event.object.metadata.name = "other";
  strictEqual(event.entry.object.metadata?.name, "p");
});

Deno.test("leanDecoder() gives the same object while it is in use", () => {
  const event = leanDecoder(PODS).event(bytes({ type: "ADDED", object: { metadata: METADATA } }));
  if (event.type !== "added") throw new Error(`it is ${event.type}`);
  strictEqual(event.entry.object, event.entry.object);
});

Deno.test("leanDecoder() decodes lines of any length one after another", () => {
  const decoder = leanDecoder(PODS);
  for (const length of [10, 100_000, 10, 30_000]) {
    const annotations = { long: "x".repeat(length) };
    const metadata = { ...METADATA, annotations, managedFields: [{ manager: "m" }] };
    const event = decoder.event(bytes({ type: "ADDED", object: { metadata } }));
    if (event.type !== "added") throw new Error(`it is ${event.type}`);
    strictEqual(event.entry.object.metadata?.annotations?.long?.length, length);
  }
});
