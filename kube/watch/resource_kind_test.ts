import { strictEqual, throws } from "node:assert/strict";
import { DEPLOYMENTS, NODES, PODS } from "./kinds.ts";
import { keyOf, resourcePath } from "./resource_kind.ts";

Deno.test("resourcePath() names collections and objects, of the core group and of others", () => {
  strictEqual(resourcePath(PODS), "/api/v1/pods");
  strictEqual(resourcePath(PODS, { namespace: "n" }), "/api/v1/namespaces/n/pods");
  strictEqual(resourcePath(PODS, { namespace: "n", name: "p" }), "/api/v1/namespaces/n/pods/p");
  strictEqual(resourcePath(NODES, { name: "n1" }), "/api/v1/nodes/n1");
  strictEqual(
    resourcePath(DEPLOYMENTS, { namespace: "n" }),
    "/apis/apps/v1/namespaces/n/deployments",
  );
});

Deno.test("resourcePath() throws when a namespace is given for a cluster-scoped kind", () => {
  throws(() => resourcePath(NODES, { namespace: "n" }), /kind "Node" is cluster-scoped/);
});

Deno.test("keyOf() has the namespace if there is one, and needs a name", () => {
  strictEqual(keyOf({ metadata: { namespace: "n", name: "p" } }), "n/p");
  strictEqual(keyOf({ metadata: { name: "n1" } }), "n1");
  throws(() => keyOf({ kind: "Pod" }), /Cannot name Pod: its metadata has no name/);
});
