import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { GroupVersionKind, JsonObject } from "../schema/mod.ts";
import { conflictCauses, conflictMessage } from "./conflicts.ts";
import { PatchError } from "./patch_error.ts";
import { serverSideApply, type ServerSideApplyResult } from "./server_side_apply.ts";
import { trackUpdate } from "./track_update.ts";

const DEPLOYMENT: GroupVersionKind = { group: "apps", version: "v1", kind: "Deployment" };
const CONFIG_MAP: GroupVersionKind = { group: "", version: "v1", kind: "ConfigMap" };
const T1 = new Date("2026-01-01T00:00:00.500Z");
const T2 = new Date("2026-01-01T00:01:00Z");

interface Apply {
  manager?: string;
  force?: boolean;
  now?: Date;
  gvk?: GroupVersionKind;
  subresource?: string;
}

function apply(
  live: JsonObject | undefined,
  rest: JsonObject,
  options: Apply = {},
): ServerSideApplyResult {
  const { manager = "alice", force = false, now = T1, gvk = DEPLOYMENT, subresource } = options;
  const apiVersion = gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version;
  const applied = {
    apiVersion,
    kind: gvk.kind,
    ...rest,
    metadata: { name: "x", ...rest.metadata },
  };
  return serverSideApply({
    live,
    applied,
    manager,
    force,
    gvk,
    now,
    ...subresource && { subresource },
  });
}

function applied(live: JsonObject | undefined, rest: JsonObject, options: Apply = {}): JsonObject {
  const result = apply(live, rest, options);
  if (result.conflicts) throw new Error(conflictMessage(result.conflicts));
  return result.object;
}

function owners(object: JsonObject): Record<string, JsonObject> {
  const entries: JsonObject[] = object.metadata.managedFields ?? [];
  return Object.fromEntries(entries.map((entry) => [
    [entry.operation, entry.manager, ...entry.subresource ? [entry.subresource] : []].join(" "),
    entry.fieldsV1,
  ]));
}

function container(rest: JsonObject): JsonObject {
  return { spec: { template: { spec: { containers: [{ name: "web", ...rest }] } } } };
}

function web(object: JsonObject): JsonObject {
  return object.spec.template.spec.containers[0];
}

Deno.test("serverSideApply() owns what is applied, down to the items of keyed lists", () => {
  const object = applied(undefined, {
    metadata: { labels: { a: "1" }, finalizers: ["a/b"] },
    ...container({ image: "1", ports: [{ containerPort: 80 }], args: ["x"] }),
  });
  deepStrictEqual(object.metadata.managedFields, [{
    manager: "alice",
    operation: "Apply",
    apiVersion: "apps/v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:metadata": { "f:finalizers": { 'v:"a/b"': {} }, "f:labels": { "f:a": {} } },
      "f:spec": {
        "f:template": {
          "f:spec": {
            "f:containers": {
              'k:{"name":"web"}': {
                ".": {},
                "f:args": {},
                "f:image": {},
                "f:name": {},
                "f:ports": {
                  'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
                },
              },
            },
          },
        },
      },
    },
  }]);
});

Deno.test("serverSideApply() owns an empty object", () => {
  const object = applied(undefined, {
    spec: { template: { spec: { volumes: [{ name: "v", emptyDir: {} }] } } },
  });
  deepStrictEqual(
    owners(object)["Apply alice"]!["f:spec"]["f:template"]["f:spec"]["f:volumes"],
    { 'k:{"name":"v"}': { ".": {}, "f:emptyDir": {}, "f:name": {} } },
  );
});

Deno.test("serverSideApply() changes nothing, not even times, when the same is applied again", () => {
  const config = container({ image: "1" });
  const first = applied(undefined, config);
  deepStrictEqual(applied(first, config, { now: T2 }), first);
});

Deno.test("serverSideApply() removes what its manager applies no longer", () => {
  const first = applied(undefined, {
    metadata: { labels: { a: "1", b: "2" } },
    spec: { replicas: 2 },
  });
  const second = applied(first, { metadata: { labels: { a: "1" } } }, { now: T2 });
  deepStrictEqual(second.metadata.labels, { a: "1" });
  strictEqual(second.spec?.replicas, undefined);
  strictEqual(second.metadata.managedFields[0].time, "2026-01-01T00:01:00Z");
});

Deno.test("serverSideApply() keeps what another manager owns too", () => {
  const both = applied(applied(undefined, { spec: { replicas: 2 } }), { spec: { replicas: 2 } }, {
    manager: "bob",
  });
  deepStrictEqual(Object.keys(owners(both)), ["Apply alice", "Apply bob"]);
  const left = applied(both, {});
  strictEqual(left.spec.replicas, 2);
  deepStrictEqual(Object.keys(owners(left)), ["Apply bob"]);
});

Deno.test("serverSideApply() keeps fields of a removed item that others own", () => {
  const first = applied(undefined, container({ image: "1" }));
  const both = applied(first, container({ env: [{ name: "A", value: "1" }] }), { manager: "bob" });
  const left = applied(both, { spec: { replicas: 1 } });
  deepStrictEqual(web(left), { name: "web", env: [{ name: "A", value: "1" }] });
});

Deno.test("serverSideApply() refuses to change what another manager owns", () => {
  const live = trackUpdate({
    before: undefined,
    after: applied(undefined, { spec: { replicas: 1 } }),
    manager: "kubectl-client-side-apply",
    gvk: DEPLOYMENT,
    now: T1,
  });
  const { conflicts } = apply(live, { spec: { replicas: 3 } });
  deepStrictEqual(
    conflictMessage(conflicts!),
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1 at ' +
      "2026-01-01T00:00:00Z: .spec.replicas",
  );
  deepStrictEqual(conflictCauses(conflicts!), [{
    reason: "FieldManagerConflict",
    message: 'conflict with "kubectl-client-side-apply" using apps/v1 at 2026-01-01T00:00:00Z',
    field: ".spec.replicas",
  }]);
});

Deno.test("serverSideApply() tells all conflicts, by manager", () => {
  const first = applied(undefined, { metadata: { labels: { a: "1", b: "1" } } });
  const second = applied(first, { spec: { replicas: 1 } }, { manager: "bob" });
  const { conflicts } = apply(
    second,
    { metadata: { labels: { a: "2", b: "2" } }, spec: { replicas: 2 } },
    { manager: "carol" },
  );
  strictEqual(
    conflictMessage(conflicts!),
    'Apply failed with 3 conflicts: conflicts with "alice":\n- .metadata.labels.a\n' +
      '- .metadata.labels.b\nconflicts with "bob":\n- .spec.replicas',
  );
});

Deno.test("serverSideApply() takes over when forced", () => {
  const first = applied(undefined, { spec: { replicas: 1 }, metadata: { labels: { a: "1" } } });
  const second = applied(first, { spec: { replicas: 3 } }, { manager: "bob", force: true });
  strictEqual(second.spec.replicas, 3);
  deepStrictEqual(owners(second)["Apply alice"], { "f:metadata": { "f:labels": { "f:a": {} } } });
});

Deno.test("serverSideApply() drops a manager that owns nothing any more", () => {
  const first = applied(undefined, { spec: { replicas: 1 } });
  const second = applied(first, { spec: { replicas: 3 } }, { manager: "bob", force: true });
  deepStrictEqual(Object.keys(owners(second)), ["Apply bob"]);
});

Deno.test("serverSideApply() tells ports apart by number and protocol", () => {
  const first = applied(undefined, container({ ports: [{ containerPort: 53, protocol: "UDP" }] }));
  const second = applied(first, container({ ports: [{ containerPort: 53, name: "dns" }] }), {
    manager: "bob",
  });
  deepStrictEqual(web(second).ports, [
    { containerPort: 53, protocol: "UDP" },
    { containerPort: 53, name: "dns" },
  ]);
});

Deno.test("serverSideApply() puts applied items into their order, others before theirs", () => {
  const live = applied(undefined, container({ env: ["A", "B", "C"].map((name) => ({ name })) }));
  const second = applied(live, container({ env: ["C", "D", "A"].map((name) => ({ name })) }), {
    manager: "bob",
  });
  deepStrictEqual(web(second).env.map((e: JsonObject) => e.name), ["B", "C", "D", "A"]);
});

Deno.test("serverSideApply() replaces atomic lists and maps as a whole", () => {
  const first = applied(undefined, { spec: { selector: { matchLabels: { a: "1" } } } });
  const { conflicts } = apply(first, { spec: { selector: { matchLabels: { b: "1" } } } }, {
    manager: "bob",
  });
  deepStrictEqual(conflicts?.map((c) => c.field), [".spec.selector"]);
});

Deno.test("serverSideApply() makes one applied item of live duplicates", () => {
  const live = {
    metadata: { name: "x" },
    ...container({ env: [{ name: "A", value: "1" }, { name: "A", value: "2" }] }),
  };
  const object = applied(live, container({ env: [{ name: "A", value: "3" }] }), { force: true });
  deepStrictEqual(web(object).env, [{ name: "A", value: "3" }]);
});

Deno.test("serverSideApply() lets the former state belong to before-first-apply", () => {
  const live = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { a: "1" } };
  const object = applied(live, { data: { b: "2" } }, { gvk: CONFIG_MAP });
  deepStrictEqual(owners(object), {
    "Apply alice": { "f:data": { "f:b": {} } },
    "Update before-first-apply": { "f:data": { ".": {}, "f:a": {} } },
  });
});

Deno.test("serverSideApply() neither changes nor owns status but through the subresource", () => {
  const live = { ...applied(undefined, { spec: { replicas: 1 } }), status: { replicas: 1 } };
  const main = applied(live, { spec: { replicas: 1 }, status: { replicas: 5 } }, { now: T2 });
  deepStrictEqual(main.status, { replicas: 1 });
  const status = applied(live, { spec: { replicas: 7 }, status: { replicas: 5 } }, {
    manager: "bob",
    subresource: "status",
  });
  strictEqual(status.spec.replicas, 1);
  strictEqual(status.status.replicas, 5);
  deepStrictEqual(owners(status)["Apply bob status"], { "f:status": { "f:replicas": {} } });
});

Deno.test("serverSideApply() lets kubectl take over what it applied from the client's side", () => {
  const client = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x" },
    spec: { replicas: 1, paused: true },
  };
  const annotations = {
    "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(client),
  };
  const live = trackUpdate({
    before: undefined,
    after: { ...client, metadata: { name: "x", annotations } },
    manager: "kubectl-client-side-apply",
    gvk: DEPLOYMENT,
    now: T1,
  });
  const object = applied(live, { spec: { replicas: 2 } }, { manager: "kubectl" });
  strictEqual(object.spec.replicas, 2);
  deepStrictEqual(
    JSON.parse(object.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"])
      .spec,
    { replicas: 2 },
  );
  // another manager may not
  strictEqual(apply(live, { spec: { replicas: 2 } }).conflicts?.length, 1);
});

const REFUSED: [string, JsonObject, number, RegExp][] = [
  ["managedFields", { metadata: { managedFields: [] } }, 400, /managedFields must be nil/],
  ["another version", { apiVersion: "apps/v1beta1" }, 400, /Incorrect version/],
  [
    "an unknown field",
    { spec: { foo: 1 } },
    500,
    /\(ns\/x; apps\/v1, Kind=Deployment\): \.spec\.foo: field not declared/,
  ],
  ["a wrong type", { spec: { replicas: "2" } }, 500, /\.spec\.replicas: expected numeric/],
  [
    "duplicate items",
    container({ env: [{ name: "A" }, { name: "A" }] }),
    500,
    /duplicate entries for key \[name="A"\]/,
  ],
  [
    "an item without its key",
    container({ ports: [{ name: "web" }] }),
    500,
    /omits key field "containerPort"/,
  ],
];

for (const [what, rest, code, message] of REFUSED) {
  Deno.test(`serverSideApply() refuses ${what} with ${code}`, () => {
    const object = { ...rest, metadata: { namespace: "ns", ...rest.metadata } };
    throws(() => apply(undefined, object), (error: unknown) => {
      return error instanceof PatchError && error.code === code && message.test(error.message);
    });
  });
}

Deno.test("serverSideApply() merges kinds that it does not know field by field at the top", () => {
  const gvk = { group: "example.com", version: "v1", kind: "Unknown" };
  const first = applied(undefined, { spec: { a: 1 } }, { gvk });
  const { conflicts } = apply(first, { spec: { b: 1 } }, { gvk, manager: "bob" });
  deepStrictEqual(conflicts?.map((c) => c.field), [".spec"]);
});
