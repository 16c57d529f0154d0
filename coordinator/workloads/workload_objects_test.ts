import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { violations } from "../../manifests/testdata/restricted_rules.ts";
import { ANNOTATIONS } from "../labels.ts";
import { checkRunParams, type RunParams } from "./run_params.ts";
import { ownedBy, workloadDeployment, workloadServiceAccount } from "./workload_objects.ts";

function deploymentOf(params: Partial<RunParams> = {}) {
  const checked = checkRunParams({ name: "w", image: "w:1", ...params }, "team");
  return workloadDeployment(checked, "boss");
}

Deno.test("workloadDeployment() carries the labels that tell whose it is", () => {
  const { metadata, spec } = deploymentOf({ labels: { tier: "back" }, annotations: { a: "b" } });
  const own = {
    "app.kubernetes.io/managed-by": "troupe",
    "app.kubernetes.io/name": "w",
    "troupe.dev/coordinator": "boss",
    "troupe.dev/workload": "w",
  };
  deepStrictEqual(metadata?.labels, { tier: "back", ...own });
  deepStrictEqual(spec?.template.metadata?.labels, { tier: "back", ...own });
  const { [ANNOTATIONS.definition]: hash, ...annotations } = metadata?.annotations ?? {};
  deepStrictEqual(annotations, { a: "b" });
  match(hash!, /^[0-9a-f]{16}$/);
  deepStrictEqual(spec?.selector.matchLabels, {
    "troupe.dev/coordinator": "boss",
    "troupe.dev/workload": "w",
  });
  strictEqual(metadata?.namespace, "team");
});

Deno.test("workloadDeployment() makes pods that meet the restricted standard, without a token", () => {
  const pod = deploymentOf({ port: 80 }).spec!.template.spec!;
  deepStrictEqual(violations(pod), []);
  strictEqual(pod.automountServiceAccountToken, false);
  strictEqual(pod.serviceAccountName, "w");
});

Deno.test("workloadDeployment() tells a worker where and what it is", () => {
  const [container] =
    deploymentOf({ port: 8086, envs: { A: "1" } }).spec!.template.spec!.containers;
  const env = Object.fromEntries(
    container!.env!.map((e) => [e.name, e.value ?? e.valueFrom?.fieldRef?.fieldPath]),
  );
  deepStrictEqual(env, {
    POD_NAME: "metadata.name",
    POD_NAMESPACE: "metadata.namespace",
    POD_IP: "status.podIP",
    POD_UID: "metadata.uid",
    NODE_NAME: "spec.nodeName",
    HOST_IP: "status.hostIP",
    TROUPE_COORDINATOR: "boss",
    TROUPE_WORKLOAD: "w",
    TROUPE_PORT: "8086",
    A: "1",
  });
});

Deno.test("workloadDeployment() asks whether the worker listens only when it has a port", () => {
  const [withPort] = deploymentOf({ port: 80 }).spec!.template.spec!.containers;
  strictEqual(withPort!.readinessProbe?.tcpSocket?.port, 80);
  strictEqual(withPort!.ports?.[0]?.containerPort, 80);
  const [without] = deploymentOf().spec!.template.spec!.containers;
  strictEqual(without!.readinessProbe, undefined);
  ok(!without!.env!.some((e) => e.name === "TROUPE_PORT"));
});

Deno.test("workloadServiceAccount() can do nothing and goes with its deployment", () => {
  const params = checkRunParams({ name: "w", image: "w:1" }, "team");
  const owner = ownedBy({ metadata: { name: "w", uid: "u" } });
  const account = workloadServiceAccount(params, "boss", { owners: [owner] });
  strictEqual(account.automountServiceAccountToken, false);
  deepStrictEqual(account.metadata?.ownerReferences, [
    { apiVersion: "apps/v1", kind: "Deployment", name: "w", uid: "u" },
  ]);
});
