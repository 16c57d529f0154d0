import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FieldSet, pathText } from "./field_set.ts";

const FIELDS = {
  "f:spec": {
    "f:containers": {
      'k:{"name":"web"}': { ".": {}, "f:image": {}, "f:name": {} },
    },
    "f:replicas": {},
  },
};

Deno.test("FieldSet reads and writes the FieldsV1 form", () => {
  const set = FieldSet.fromFields(FIELDS);
  deepStrictEqual(set.toFields(), FIELDS);
  deepStrictEqual([...set.paths()].map(pathText), [
    '.spec.containers[name="web"]',
    '.spec.containers[name="web"].image',
    '.spec.containers[name="web"].name',
    ".spec.replicas",
  ]);
});

Deno.test("FieldSet.has() tells members from what leads to them", () => {
  const set = FieldSet.fromFields(FIELDS);
  strictEqual(set.has(["f:spec", "f:replicas"]), true);
  strictEqual(set.has(["f:spec"]), false);
  strictEqual(set.has([]), false);
});

Deno.test("FieldSet combines sets", () => {
  const a = FieldSet.of(["f:a"], ["f:b", "f:c"]);
  const b = FieldSet.of(["f:b"], ["f:b", "f:c"], ["f:d"]);
  const texts = (set: FieldSet) => [...set.paths()].map(pathText);
  deepStrictEqual(texts(a.union(b)), [".a", ".b", ".b.c", ".d"]);
  deepStrictEqual(texts(a.intersection(b)), [".b.c"]);
  deepStrictEqual(texts(b.difference(a)), [".b", ".d"]);
  deepStrictEqual(texts(a.recursiveDifference(FieldSet.of(["f:b"]))), [".a"]);
  strictEqual(a.difference(a).isEmpty, true);
  strictEqual(a.union(b).equals(b.union(a)), true);
});

Deno.test("pathText() shows keys, values and indices", () => {
  strictEqual(
    pathText(["f:ports", 'k:{"containerPort":80,"protocol":"TCP"}', "f:name"]),
    '.ports[containerPort=80,protocol="TCP"].name',
  );
  strictEqual(pathText(["f:finalizers", 'v:"a/b"']), '.finalizers[="a/b"]');
  strictEqual(pathText(["f:args", "i:0"]), ".args[0]");
});
