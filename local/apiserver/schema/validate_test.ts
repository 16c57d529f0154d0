import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { GroupVersionKind, JsonObject } from "./schema.ts";
import { validate } from "./validate.ts";

const POD: GroupVersionKind = { group: "", version: "v1", kind: "Pod" };
const DEPLOYMENT: GroupVersionKind = { group: "apps", version: "v1", kind: "Deployment" };
const LEASE: GroupVersionKind = { group: "coordination.k8s.io", version: "v1", kind: "Lease" };

Deno.test("validate() drops what the kind does not know, and tells its path", () => {
  const { pruned, unknown, errors, message } = validate({
    kind: "Pod",
    spec: { foo: 1, containers: [{ name: "a", image: "b", imagePolicy: "x" }] },
  }, POD);
  deepStrictEqual(unknown, ["spec.foo", "spec.containers[0].imagePolicy"]);
  deepStrictEqual(pruned, { kind: "Pod", spec: { containers: [{ name: "a", image: "b" }] } });
  deepStrictEqual(errors, []);
  strictEqual(message, undefined);
});

Deno.test("validate() takes unknown fields for errors when strict", () => {
  const { errors, message } = validate({ spec: { foo: 1, bar: 2 } }, DEPLOYMENT, { strict: true });
  strictEqual(
    message,
    'strict decoding error: unknown field "spec.foo", unknown field "spec.bar"',
  );
  deepStrictEqual(errors.map((e) => e.field), ["spec.foo", "spec.bar"]);
});

Deno.test("validate() drops nulls, and makes zero values of those in lists and maps", () => {
  const { pruned } = validate({
    metadata: { labels: { a: null }, annotations: null },
    spec: { nodeName: null, containers: [{ args: [null] }] },
  }, POD);
  deepStrictEqual(pruned, {
    metadata: { labels: { a: "" } },
    spec: { containers: [{ args: [""] }] },
  });
});

const WRONG_TYPES: [string, JsonObject, GroupVersionKind, RegExp][] = [
  [
    "text for a number",
    { spec: { replicas: "2" } },
    DEPLOYMENT,
    /^json: cannot unmarshal string into Go struct field Deployment\.spec\.replicas of type int32$/,
  ],
  [
    "a fraction",
    { spec: { replicas: 1.5 } },
    DEPLOYMENT,
    /cannot unmarshal number 1\.5 .* of type int32/,
  ],
  ["a number that is too large", { spec: { replicas: 2 ** 31 } }, DEPLOYMENT, /number 2147483648/],
  [
    "a number for text",
    { spec: { nodeName: 1 } },
    POD,
    /cannot unmarshal number .*Pod\.spec\.nodeName of type string/,
  ],
  [
    "text for a flag",
    { spec: { hostNetwork: "true" } },
    POD,
    /cannot unmarshal string .* of type bool/,
  ],
  ["a list for an object", { spec: [] }, POD, /cannot unmarshal array .* of type v1\.PodSpec/],
  [
    "an object for a list",
    { spec: { containers: {} } },
    POD,
    /cannot unmarshal object .* of type \[\]v1\.Container/,
  ],
  ["text for a map", { metadata: { labels: "a" } }, POD, /of type map\[string\]string/],
  [
    "a bad quantity",
    { spec: { containers: [{ resources: { limits: { cpu: "1 core" } } }] } },
    POD,
    /quantities must match/,
  ],
  ["a bad time", { metadata: { creationTimestamp: "yesterday" } }, POD, /parsing time "yesterday"/],
  [
    "a time without six digits",
    { spec: { renewTime: "2026-01-01T00:00:00.5Z" } },
    LEASE,
    /parsing time/,
  ],
  [
    "bad base64",
    { data: { a: "?" } },
    { group: "", version: "v1", kind: "Secret" },
    /illegal base64/,
  ],
];

for (const [what, object, gvk, message] of WRONG_TYPES) {
  Deno.test(`validate() refuses ${what}`, () => {
    const found = validate(object, gvk);
    strictEqual(found.errors.length, 1);
    match(found.message!, message);
  });
}

Deno.test("validate() takes numbers for quantities, and counts or names for ports", () => {
  const container = {
    resources: { limits: { cpu: 0.5, memory: "1Gi" } },
    livenessProbe: { httpGet: { port: 80 } },
    readinessProbe: { httpGet: { port: "web" } },
  };
  deepStrictEqual(validate({ spec: { containers: [container] } }, POD).errors, []);
});

Deno.test("validate() takes kinds that it does not know as they are", () => {
  const object = { spec: { anything: null } };
  const found = validate(object, { group: "x", version: "v1", kind: "Y" }, { strict: true });
  deepStrictEqual(found, { errors: [], unknown: [], pruned: object });
});

Deno.test("validate() keeps a key named __proto__", () => {
  const object = JSON.parse('{"data":{"__proto__":"x"}}');
  const { pruned } = validate(object, { group: "", version: "v1", kind: "ConfigMap" });
  strictEqual(JSON.stringify(pruned), '{"data":{"__proto__":"x"}}');
});
