import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openApiV3, openApiV3Paths } from "./open_api_v3.ts";
import type { JsonObject } from "./schema.ts";

Deno.test("openApiV3Paths() lists the served group versions", () => {
  const paths = openApiV3Paths();
  for (const path of ["api/v1", "apis/apps/v1", "apis/rbac.authorization.k8s.io/v1"]) {
    ok(paths.includes(path), path);
  }
});

Deno.test("openApiV3() answers for a group version in either form, and for no other", () => {
  deepStrictEqual(openApiV3("apps/v1"), openApiV3("apis/apps/v1"));
  deepStrictEqual(openApiV3("v1"), openApiV3("api/v1"));
  strictEqual(openApiV3("apis/nothing/v1"), undefined);
});

Deno.test("openApiV3() tells clients that the server validates fields and applies", () => {
  const path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
  const { patch, put } = openApiV3("apps/v1")!.paths[path];
  deepStrictEqual(patch["x-kubernetes-group-version-kind"], {
    group: "apps",
    version: "v1",
    kind: "Deployment",
  });
  for (const operation of [patch, put]) {
    ok(
      operation.parameters.some((p: JsonObject) =>
        p.name === "fieldValidation" && p.in === "query"
      ),
    );
  }
  ok("application/strategic-merge-patch+json" in patch.requestBody.content);
  ok("application/apply-patch+yaml" in patch.requestBody.content);
});

Deno.test("openApiV3() carries what a client needs to merge lists", () => {
  const { schemas } = openApiV3("v1")!.components;
  const { containers, volumes } = schemas["io.k8s.api.core.v1.PodSpec"].properties;
  strictEqual(containers["x-kubernetes-patch-merge-key"], "name");
  strictEqual(containers["x-kubernetes-patch-strategy"], "merge");
  strictEqual(volumes["x-kubernetes-patch-strategy"], "merge,retainKeys");
  deepStrictEqual(containers["x-kubernetes-list-map-keys"], ["name"]);
});

Deno.test("openApiV3() refers only to schemas that are in the document", () => {
  for (const path of openApiV3Paths()) {
    const document = openApiV3(path)!;
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/([^"]+)"/g)) {
      ok(name! in document.components.schemas, `${path}: ${name}`);
    }
  }
});
