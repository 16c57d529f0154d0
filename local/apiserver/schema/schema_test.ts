import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compactSchema } from "./compact.ts";
import { schemaFor, schemaNamed } from "./schema.ts";

const POD = { group: "", version: "v1", kind: "Pod" };

Deno.test("schemaFor() knows how the lists of a pod merge", () => {
  const spec = schemaFor(POD)!.fields!.spec!;
  const { containers, tolerations, nodeSelector, volumes } = spec.fields!;
  deepStrictEqual(
    [containers!.listType, containers!.mapKeys, containers!.patchStrategy, containers!.mergeKey],
    ["map", ["name"], ["merge"], "name"],
  );
  deepStrictEqual(volumes!.patchStrategy, ["merge", "retainKeys"]);
  strictEqual(tolerations!.listType, "atomic");
  strictEqual(nodeSelector!.atomic, true);
  const ports = containers!.items!.fields!.ports!;
  deepStrictEqual(ports.mapKeys, ["containerPort", "protocol"]);
  strictEqual(ports.mergeKey, "containerPort");
  deepStrictEqual(ports.items!.keyDefaults, { protocol: "TCP" });
});

Deno.test("schemaFor() knows scalars", () => {
  const container = schemaFor(POD)!.fields!.spec!.fields!.containers!.items!.fields!;
  strictEqual(container.resources!.fields!.limits!.values!.type, "quantity");
  strictEqual(container.ports!.items!.fields!.hostPort!.format, "int32");
  ok(container.imagePullPolicy!.enum!.includes("Always"));
  const data = schemaFor({ group: "", version: "v1", kind: "Secret" })!.fields!.data!;
  strictEqual(data.values!.format, "byte");
  const lease = schemaFor({ group: "coordination.k8s.io", version: "v1", kind: "Lease" })!;
  strictEqual(lease.fields!.spec!.fields!.renewTime!.format, "micro-time");
});

Deno.test("schemaFor() carries a field's own patch strategy beside its type's fields", () => {
  const deployment = schemaFor({ group: "apps", version: "v1", kind: "Deployment" })!;
  const strategy = deployment.fields!.spec!.fields!.strategy!;
  deepStrictEqual(strategy.patchStrategy, ["retainKeys"]);
  ok(strategy.fields!.rollingUpdate);
  strictEqual(schemaNamed("io.k8s.api.apps.v1.DeploymentStrategy")!.patchStrategy, undefined);
});

Deno.test("schemaFor() knows all kinds that are served, and no others", () => {
  const kinds = [
    [
      "",
      "v1",
      "Binding ConfigMap Endpoints Event Namespace Node Pod PodTemplate Secret Service ServiceAccount",
    ],
    ["", "v1", "PodList Status DeleteOptions"],
    ["apps", "v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"],
    ["authentication.k8s.io", "v1", "TokenRequest TokenReview SelfSubjectReview"],
    ["authorization.k8s.io", "v1", "SelfSubjectAccessReview SubjectAccessReview"],
    ["autoscaling", "v1", "Scale"],
    ["batch", "v1", "CronJob Job"],
    ["coordination.k8s.io", "v1", "Lease"],
    ["discovery.k8s.io", "v1", "EndpointSlice"],
    ["events.k8s.io", "v1", "Event"],
    ["policy", "v1", "Eviction PodDisruptionBudget"],
    ["rbac.authorization.k8s.io", "v1", "ClusterRole ClusterRoleBinding Role RoleBinding"],
  ] as const;
  for (const [group, version, names] of kinds) {
    for (const kind of names.split(" ")) {
      ok(schemaFor({ group, version, kind }), `${group} ${kind}`);
    }
  }
  strictEqual(schemaFor({ group: "", version: "v2", kind: "Pod" }), undefined);
  strictEqual(schemaFor({ group: "", version: "v1", kind: "constructor" }), undefined);
});

Deno.test("the generated facts are sorted and small", () => {
  const names = compactSchema().definitions.map((definition) => definition.n);
  deepStrictEqual(names, [...names].sort());
  ok(JSON.stringify(compactSchema()).length < 300_000);
});
