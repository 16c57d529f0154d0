import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { findManagedFields } from "./managed_fields.ts";

function cut(text: string): string {
  const line = new TextEncoder().encode(text);
  const range = findManagedFields(line);
  if (!range) return text;
  const utf8 = new TextDecoder();
  return utf8.decode(line.subarray(0, range.start)) + utf8.decode(line.subarray(range.end));
}

const FIELDS = [{ manager: 'a"b\\', fieldsV1: { 'k:{"name":"x]}"}': { ".": {} } } }];

Deno.test("findManagedFields() finds them first, last, alone and between others", () => {
  for (
    const [metadata, rest] of [
      [{ managedFields: FIELDS, name: "a" }, { name: "a" }],
      [{ name: "a", managedFields: FIELDS }, { name: "a" }],
      [{ managedFields: FIELDS }, {}],
      [{ name: 'ä\\"', managedFields: FIELDS, uid: "u" }, { name: 'ä\\"', uid: "u" }],
      [{ name: "a", managedFields: null, n: 1 }, { name: "a", n: 1 }],
      [{ name: "a", managedFields: [] }, { name: "a" }],
    ]
  ) {
    const text = JSON.stringify({ type: "ADDED", object: { kind: "Pod", metadata, spec: {} } });
    deepStrictEqual(JSON.parse(cut(text)), {
      type: "ADDED",
      object: { kind: "Pod", metadata: rest, spec: {} },
    });
  }
});

Deno.test("findManagedFields() leaves alone what only looks like them", () => {
  for (
    const value of [
      { object: { spec: { managedFields: [1] }, metadata: { name: "a" } } },
      { object: { metadata: { labels: { managedFields: "x" } } } },
      { object: { metadata: { a: '"managedFields":[', 'x"managedFields': [1] } } },
      { object: { managedFields: [1] } },
      { managedFields: [1], object: [] },
      { object: null },
      [],
      "x",
    ]
  ) strictEqual(cut(JSON.stringify(value)), JSON.stringify(value));
});

Deno.test("findManagedFields() ends on any cut of a line", () => {
  const object = { metadata: { name: 'a"\\', managedFields: FIELDS }, spec: {} };
  const line = new TextEncoder().encode(JSON.stringify({ type: "ADDED", object }));
  for (let length = 0; length < line.length; length++) {
    const range = findManagedFields(line.subarray(0, length));
    strictEqual(range === undefined || range.end <= length, true);
  }
});
