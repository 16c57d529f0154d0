import { deepStrictEqual, throws } from "node:assert/strict";
import { type JsonObject, type Schema, schemaFor } from "../schema/mod.ts";
import { PatchError } from "./patch_error.ts";
import { strategicMergePatch } from "./strategic_merge_patch.ts";

const POD: Schema = schemaFor({ group: "", version: "v1", kind: "Pod" })!;
const DEPLOYMENT: Schema = schemaFor({ group: "apps", version: "v1", kind: "Deployment" })!;

function patchSpec(spec: JsonObject, patch: JsonObject): JsonObject {
  return strategicMergePatch({ spec }, { spec: patch }, POD).spec;
}

function patchContainer(container: JsonObject, patch: JsonObject): JsonObject {
  const spec = patchSpec(
    { containers: [{ name: "main", ...container }] },
    { containers: [{ name: "main", ...patch }] },
  );
  const { name: _, ...rest } = spec.containers[0];
  return rest;
}

Deno.test("strategicMergePatch() merges containers by name", () => {
  deepStrictEqual(
    patchSpec(
      { containers: [{ name: "a", image: "1" }, { name: "b", image: "1" }] },
      { containers: [{ name: "b", image: "2" }, { name: "c", image: "3" }] },
    ).containers,
    [{ name: "a", image: "1" }, { name: "b", image: "2" }, { name: "c", image: "3" }],
  );
});

Deno.test("strategicMergePatch() merges ports by containerPort and variables by name", () => {
  deepStrictEqual(
    patchContainer(
      { ports: [{ containerPort: 80, protocol: "TCP" }], env: [{ name: "A", value: "1" }] },
      { ports: [{ containerPort: 80, name: "web" }], env: [{ name: "B", value: "2" }] },
    ),
    {
      ports: [{ containerPort: 80, protocol: "TCP", name: "web" }],
      // what is new comes before what the patch does not name
      env: [{ name: "B", value: "2" }, { name: "A", value: "1" }],
    },
  );
});

Deno.test("strategicMergePatch() replaces lists that have no merge strategy", () => {
  deepStrictEqual(patchContainer({ args: ["a", "b"] }, { args: ["c"] }), { args: ["c"] });
  deepStrictEqual(
    patchSpec({ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] }),
    { tolerations: [{ key: "b" }] },
  );
});

Deno.test("strategicMergePatch() merges lists of primitives without repeating", () => {
  deepStrictEqual(
    strategicMergePatch(
      { metadata: { finalizers: ["a", "b"] } },
      { metadata: { finalizers: ["b", "c"] } },
      POD,
    ).metadata.finalizers,
    ["a", "b", "c"],
  );
});

Deno.test("strategicMergePatch() removes a field when its value is null", () => {
  deepStrictEqual(
    strategicMergePatch(
      { metadata: { labels: { a: "1", b: "2" } } },
      { metadata: { labels: { a: null } } },
      POD,
    ),
    { metadata: { labels: { b: "2" } } },
  );
});

Deno.test("strategicMergePatch() leaves out nulls where nothing was", () => {
  deepStrictEqual(
    strategicMergePatch({}, { metadata: { labels: { a: null, b: "2" } } }, POD),
    { metadata: { labels: { b: "2" } } },
  );
});

Deno.test("strategicMergePatch() deletes an item when told so", () => {
  deepStrictEqual(
    patchSpec(
      { containers: [{ name: "a" }, { name: "b" }] },
      { containers: [{ name: "a", $patch: "delete" }] },
    ),
    { containers: [{ name: "b" }] },
  );
});

Deno.test("strategicMergePatch() deletes nothing when the item is not there", () => {
  deepStrictEqual(
    patchSpec({ containers: [{ name: "a" }] }, { containers: [{ name: "x", $patch: "delete" }] }),
    { containers: [{ name: "a" }] },
  );
  deepStrictEqual(patchSpec({}, { containers: [{ name: "x", $patch: "delete" }] }), {
    containers: [],
  });
});

Deno.test("strategicMergePatch() replaces a list when told so", () => {
  deepStrictEqual(
    patchSpec(
      { containers: [{ name: "a" }, { name: "b" }] },
      { containers: [{ $patch: "replace" }, { name: "c", image: "1" }] },
    ),
    { containers: [{ name: "c", image: "1" }] },
  );
});

Deno.test("strategicMergePatch() replaces or empties a map when told so", () => {
  const current = { metadata: { labels: { a: "1" } } };
  const patched = (labels: JsonObject) =>
    strategicMergePatch(current, { metadata: { labels } }, POD).metadata.labels;
  deepStrictEqual(patched({ $patch: "replace", b: "2" }), { b: "2" });
  deepStrictEqual(patched({ $patch: "delete" }), {});
  deepStrictEqual(patched({ $patch: "merge", b: "2" }), { a: "1", b: "2" });
});

Deno.test("strategicMergePatch() keeps only $retainKeys", () => {
  const current = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
  const patch = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } };
  deepStrictEqual(strategicMergePatch(current, patch, DEPLOYMENT), {
    spec: { strategy: { type: "Recreate" } },
  });
  throws(
    () =>
      strategicMergePatch(
        current,
        { spec: { strategy: { $retainKeys: ["type"], rollingUpdate: {} } } },
        DEPLOYMENT,
      ),
    PatchError,
  );
});

Deno.test("strategicMergePatch() deletes from a list of primitives", () => {
  deepStrictEqual(
    strategicMergePatch(
      { metadata: { finalizers: ["a", "b", "c"] } },
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["a", "c"] } },
      POD,
    ),
    { metadata: { finalizers: ["b"] } },
  );
});

Deno.test("strategicMergePatch() puts items into the order of $setElementOrder", () => {
  const names = (list: JsonObject[]) => list.map((item) => item.name);
  const current = { containers: [{ name: "a" }, { name: "server" }, { name: "b" }] };
  const patched = patchSpec(current, {
    "$setElementOrder/containers": [{ name: "c" }, { name: "b" }, { name: "a" }],
    containers: [{ name: "c", image: "1" }],
  });
  deepStrictEqual(names(patched.containers), ["c", "server", "b", "a"]);
  const onlyOrder = patchSpec(current, {
    "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
  });
  deepStrictEqual(names(onlyOrder.containers), ["server", "b", "a"]);
});

Deno.test("strategicMergePatch() orders by the patch itself when no order is given", () => {
  const names = (list: JsonObject[]) => list.map((item) => item.name);
  const current = { containers: [{ name: "a" }, { name: "b" }] };
  const patched = patchSpec(current, { containers: [{ name: "b" }, { name: "c" }, { name: "a" }] });
  deepStrictEqual(names(patched.containers), ["b", "c", "a"]);
});

const REFUSED: [string, JsonObject][] = [
  ["an unknown directive", { metadata: { $patch: "vanish" } }],
  ["an item without merge key", { spec: { containers: [{ image: "x" }] } }],
  [
    "an order that contradicts the list",
    {
      spec: {
        "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
        containers: [{ name: "a" }, { name: "b" }],
      },
    },
  ],
];

for (const [what, patch] of REFUSED) {
  Deno.test(`strategicMergePatch() refuses ${what}`, () => {
    const current = { metadata: {}, spec: { containers: [{ name: "a" }] } };
    throws(() => strategicMergePatch(current, patch, POD), PatchError);
  });
}

Deno.test("strategicMergePatch() leaves its arguments alone", () => {
  const current = { spec: { containers: [{ name: "a", image: "1" }] } };
  const patch = { spec: { containers: [{ name: "a", image: "2" }, { name: "b" }] } };
  const [before, patchBefore] = structuredClone([current, patch]);
  strategicMergePatch(current, patch, POD);
  deepStrictEqual(current, before);
  deepStrictEqual(patch, patchBefore);
});
