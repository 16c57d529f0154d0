import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { applyDefaults, type GroupVersionKind, type JsonObject } from "../schema/mod.ts";
import { trackUpdate, type TrackUpdateInput } from "./track_update.ts";

const POD: GroupVersionKind = { group: "", version: "v1", kind: "Pod" };
const CONFIG_MAP: GroupVersionKind = { group: "", version: "v1", kind: "ConfigMap" };
const T1 = new Date("2026-01-01T00:00:00Z");
const T2 = new Date("2026-01-01T00:01:00Z");

function track(
  before: JsonObject | undefined,
  after: JsonObject,
  options: Partial<TrackUpdateInput> = {},
): JsonObject {
  return trackUpdate({ before, after, manager: "alice", gvk: CONFIG_MAP, now: T1, ...options });
}

function map(data: Record<string, string>, rest: JsonObject = {}): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", uid: "1", ...rest }, data };
}

function fields(object: JsonObject): JsonObject {
  const entries: JsonObject[] = object.metadata.managedFields ?? [];
  return Object.fromEntries(entries.map((entry) => [entry.manager, entry.fieldsV1]));
}

Deno.test("trackUpdate() gives the creator all fields but those that nobody owns", () => {
  const created = track(undefined, map({ a: "1" }, { labels: { l: "1" }, generation: 1 }));
  deepStrictEqual(created.metadata.managedFields, [{
    manager: "alice",
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:data": { ".": {}, "f:a": {} },
      "f:metadata": { "f:labels": { ".": {}, "f:l": {} } },
    },
  }]);
});

Deno.test("trackUpdate() does not give the creator of a pod what is always there", () => {
  const pod = applyDefaults({
    metadata: { name: "x" },
    spec: { containers: [{ name: "c", image: "i" }] },
  }, POD);
  const { "f:spec": spec, "f:status": status } = fields(track(undefined, pod, { gvk: POD })).alice;
  strictEqual(spec["."], undefined);
  strictEqual(spec["f:containers"]["."], undefined);
  deepStrictEqual(spec["f:containers"]['k:{"name":"c"}'], {
    ".": {},
    "f:image": {},
    "f:imagePullPolicy": {},
    "f:name": {},
    "f:resources": {},
    "f:terminationMessagePath": {},
    "f:terminationMessagePolicy": {},
  });
  strictEqual(status, undefined);
});

Deno.test("trackUpdate() moves what changes to the writer, and nothing else", () => {
  const before = track(undefined, map({ a: "1", b: "1" }));
  const after = track(before, { ...before, data: { a: "1", b: "2", c: "3" } }, {
    manager: "bob",
    now: T2,
  });
  deepStrictEqual(fields(after), {
    alice: { "f:data": { ".": {}, "f:a": {} } },
    bob: { "f:data": { "f:b": {}, "f:c": {} } },
  });
});

Deno.test("trackUpdate() lets nobody own what was removed", () => {
  const before = track(undefined, map({ a: "1", b: "1" }));
  const after = track(before, { ...before, data: { a: "1" } }, { manager: "bob" });
  deepStrictEqual(fields(after), { alice: { "f:data": { ".": {}, "f:a": {} } } });
});

Deno.test("trackUpdate() keeps the time when nothing changes hands", () => {
  const before = track(undefined, map({ a: "1" }));
  deepStrictEqual(track(before, before, { now: T2 }), before);
  const touched = { ...before, metadata: { ...before.metadata, resourceVersion: "7" } };
  strictEqual(
    track(before, touched, { now: T2 }).metadata.managedFields[0].time,
    "2026-01-01T00:00:00Z",
  );
});

Deno.test("trackUpdate() keeps owners when a writer leaves them out or empties them", () => {
  const before = track(undefined, map({ a: "1" }));
  for (const managedFields of [undefined, []]) {
    const after = track(before, map({ a: "1" }, { managedFields }));
    deepStrictEqual(fields(after), fields(before));
  }
});

Deno.test("trackUpdate() forgets all owners when told so, and stays without", () => {
  const before = track(undefined, map({ a: "1" }));
  const reset = track(before, map({ a: "1" }, { managedFields: [{}] }));
  strictEqual(reset.metadata.managedFields, undefined);
  strictEqual(track(reset, map({ a: "2" })).metadata.managedFields, undefined);
});

Deno.test("trackUpdate() takes owners as the writer tells them", () => {
  const before = track(undefined, map({ a: "1" }));
  const [entry] = before.metadata.managedFields;
  const told = map({ a: "1" }, { managedFields: [{ ...entry, manager: "carol" }] });
  deepStrictEqual(Object.keys(fields(track(before, told))), ["carol"]);
  // not through a subresource
  deepStrictEqual(Object.keys(fields(track(before, told, { subresource: "status" }))), ["alice"]);
});

Deno.test("trackUpdate() keeps a subresource's owners apart, and the rest out of them", () => {
  const before = track(
    undefined,
    { metadata: { name: "x" }, spec: { nodeName: "n" }, status: {} },
    { gvk: POD },
  );
  const after = track(
    before,
    { ...before, spec: { nodeName: "other" }, status: { phase: "Running" } },
    { gvk: POD, manager: "kubelet", subresource: "status" },
  );
  const entries = after.metadata.managedFields;
  deepStrictEqual(entries.map((e: JsonObject) => [e.manager, e.subresource, e.fieldsV1]), [
    ["alice", undefined, { "f:spec": { "f:nodeName": {} } }],
    ["kubelet", "status", { "f:status": { "f:phase": {} } }],
  ]);
});

Deno.test("trackUpdate() keeps the owners when the object does not fit its schema", () => {
  const before = track(undefined, map({ a: "1" }));
  const after = track(before, { ...before, data: ["no map"] });
  deepStrictEqual(fields(after), fields(before));
});

Deno.test("trackUpdate() puts the oldest writers together when there are more than ten", () => {
  let object = track(undefined, map({ k0: "0" }), { manager: "m0" });
  for (let i = 1; i <= 14; i++) {
    const now = new Date(T1.getTime() + i * 1000);
    object = track(object, { ...object, data: { ...object.data, [`k${i}`]: "0" } }, {
      manager: `m${i}`,
      now,
    });
  }
  const names = object.metadata.managedFields.map((e: JsonObject) => e.manager);
  strictEqual(names.length, 10);
  strictEqual(names[0], "ancient-changes");
  deepStrictEqual(Object.keys(fields(object)["ancient-changes"]["f:data"]), [
    ".",
    "f:k0",
    "f:k1",
    "f:k2",
    "f:k3",
    "f:k4",
    "f:k5",
  ]);
});
