import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Deployment, toDeployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { deploymentState } from "./deployment_state.ts";

const ALL = {
  observedGeneration: 2,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
};

function deployment(status: Record<string, JSONValue>): Deployment {
  return toDeployment({
    metadata: {
      name: "w",
      namespace: "team",
      uid: "u",
      generation: 2,
      labels: { "troupe.dev/workload": "w" },
    },
    spec: { replicas: 3, selector: {}, template: {} },
    status,
  });
}

Deno.test("deploymentState() is ready when all that was applied is there, and nothing else", () => {
  const { name, namespace, uid, workload, replicas, readyReplicas, ready } = deploymentState(
    deployment(ALL),
  );
  deepStrictEqual({ name, namespace, uid, workload, replicas, readyReplicas, ready }, {
    name: "w",
    namespace: "team",
    uid: "u",
    workload: "w",
    replicas: 3,
    readyReplicas: 3,
    ready: true,
  });
});

const UNREADY: readonly [why: string, status: Record<string, JSONValue>][] = [
  ["nothing is known yet", {}],
  ["the controller has not seen the last change", { ...ALL, observedGeneration: 1 }],
  ["some are not ready", { ...ALL, readyReplicas: 2 }],
  ["some are not available", { ...ALL, availableReplicas: 2 }],
  ["some are old", { ...ALL, updatedReplicas: 2 }],
  ["an old one is left", { ...ALL, replicas: 4 }],
];

for (const [why, status] of UNREADY) {
  Deno.test(`deploymentState() is not ready when ${why}`, () => {
    strictEqual(deploymentState(deployment(status)).ready, false);
  });
}

Deno.test("deploymentState() is not ready when it is gone", () => {
  const state = deploymentState(deployment(ALL), { deleted: true });
  deepStrictEqual([state.ready, state.reason], [false, "Terminating"]);
});

Deno.test("deploymentState() gives the most telling reason", () => {
  const available = { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" };
  const failure = { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "no" };
  const unready = { ...ALL, readyReplicas: 0 };
  const only = deploymentState(deployment({ ...unready, conditions: [available] }));
  strictEqual(only.reason, "MinimumReplicasUnavailable");
  const both = deploymentState(deployment({ ...unready, conditions: [available, failure] }));
  deepStrictEqual([both.reason, both.message], ["FailedCreate", "no"]);
  const ready = deploymentState(deployment({ ...ALL, conditions: [available] }));
  strictEqual(ready.reason, undefined);
});
