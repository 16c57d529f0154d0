import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describeRequest, parseRequest } from "./request_info.ts";

Deno.test("parseRequest() reads requests as RBAC does", async (t) => {
  const cases: [string, string, Partial<ReturnType<typeof parseRequest>>][] = [
    ["GET", "/api/v1/namespaces/default/pods", {
      verb: "list",
      resource: "pods",
      namespace: "default",
    }],
    ["GET", "/api/v1/pods?watch=true", { verb: "watch", resource: "pods" }],
    ["GET", "/api/v1/pods?watch=false", { verb: "list", resource: "pods" }],
    ["GET", "/api/v1/namespaces/ns/pods/web-1", {
      verb: "get",
      resource: "pods",
      namespace: "ns",
      name: "web-1",
    }],
    ["GET", "/api/v1/namespaces/ns/pods/web-1/log", {
      verb: "get",
      resource: "pods",
      namespace: "ns",
      name: "web-1",
      subresource: "log",
    }],
    ["POST", "/api/v1/namespaces/ns/pods/web-1/eviction", {
      verb: "create",
      resource: "pods",
      namespace: "ns",
      name: "web-1",
      subresource: "eviction",
    }],
    ["PATCH", "/apis/apps/v1/namespaces/ns/deployments/web", {
      verb: "patch",
      group: "apps",
      resource: "deployments",
      namespace: "ns",
      name: "web",
    }],
    ["PUT", "/apis/apps/v1/namespaces/ns/deployments/web/scale", {
      verb: "update",
      group: "apps",
      resource: "deployments",
      namespace: "ns",
      name: "web",
      subresource: "scale",
    }],
    ["DELETE", "/api/v1/namespaces/ns/pods", {
      verb: "deletecollection",
      resource: "pods",
      namespace: "ns",
    }],
    ["DELETE", "/api/v1/namespaces/ns/pods/a%2Fb", {
      verb: "delete",
      resource: "pods",
      namespace: "ns",
      name: "a/b",
    }],
    ["GET", "/api/v1/namespaces", { verb: "list", resource: "namespaces" }],
    ["GET", "/api/v1/namespaces/ns", {
      verb: "get",
      resource: "namespaces",
      namespace: "ns",
      name: "ns",
    }],
    ["PUT", "/api/v1/namespaces/ns/finalize", {
      verb: "update",
      resource: "namespaces",
      namespace: "ns",
      name: "ns",
      subresource: "finalize",
    }],
    ["PATCH", "/api/v1/nodes/n1/status", {
      verb: "patch",
      resource: "nodes",
      name: "n1",
      subresource: "status",
    }],
    ["HEAD", "/api/v1/nodes/n1", { verb: "get", resource: "nodes", name: "n1" }],
  ];
  for (const [method, path, expected] of cases) {
    await t.step(`${method} ${path}`, () => {
      deepStrictEqual(parseRequest(method, path), { group: "", isResource: true, ...expected });
    });
  }
});

Deno.test("parseRequest() takes the watch from the query", () => {
  const query = new URLSearchParams({ watch: "1" });
  strictEqual(parseRequest("GET", "/api/v1/pods", query).verb, "watch");
});

Deno.test("parseRequest() takes a path that is no resource as it stands", () => {
  for (const path of ["/version", "/api", "/apis/apps/v1", "/"]) {
    deepStrictEqual(parseRequest("GET", path), {
      verb: "get",
      group: "",
      resource: path,
      isResource: false,
    });
  }
});

Deno.test("describeRequest() names verb, resource, object and namespace", () => {
  const describe = (method: string, path: string) => describeRequest(parseRequest(method, path));
  strictEqual(
    describe("PUT", "/apis/apps/v1/namespaces/ns/deployments/web/scale"),
    `update deployments/scale.apps "web" in namespace "ns"`,
  );
  strictEqual(describe("GET", "/api/v1/namespaces/ns"), `get namespaces "ns"`);
  strictEqual(describe("GET", "/version"), `get /version`);
});
