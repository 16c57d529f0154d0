import { deepStrictEqual } from "node:assert/strict";
import { toDeployment, toStatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import { toJob } from "@cloudydeno/kubernetes-apis/batch/v1";
import { toEvent, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject } from "@cloudydeno/kubernetes-client";
import { deploymentState } from "../events/deployment_state.ts";
import type { DeploymentState, PodState } from "../events/events.ts";
import { jobState } from "../events/job_state.ts";
import { podState } from "../events/pod_state.ts";
import { statefulSetState } from "../events/stateful_set_state.ts";
import { explainWorkload } from "./explain_workload.ts";

const SPEC = { selector: {}, template: { spec: { containers: [] } }, replicas: 3 };

function deployment(...conditions: JSONObject[]): DeploymentState {
  return deploymentState(toDeployment({
    metadata: { name: "w", uid: "u" },
    spec: SPEC,
    status: { observedGeneration: 1, readyReplicas: 1, conditions },
  }));
}

function pod(name: string, state: JSONObject): PodState {
  const status = { name: "worker", image: "w:1", imageID: "", ready: false, restartCount: 2 };
  return podState(toPod({
    metadata: { name, uid: name },
    spec: { nodeName: "n", containers: [{ name: "worker", image: "w:1" }] },
    status: { phase: "Pending", containerStatuses: [{ ...status, ...state }] },
  }));
}

const PULLS = { state: { waiting: { reason: "ErrImagePull", message: "unknown" } } };
const CRASHES = {
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
  lastState: { terminated: { exitCode: 1, reason: "Error" } },
};
const STARTS = { state: { waiting: { reason: "ContainerCreating" } } };

Deno.test("explainWorkload() tells each cause once, and those that do not pass first", () => {
  const pods = [pod("a", STARTS), pod("b", PULLS), pod("c", PULLS), pod("d", CRASHES)];
  const logs = new Map([["d", ["no such table"]]]);
  deepStrictEqual(explainWorkload(deployment(), pods, { logs }), [
    "1 of 3 ready",
    'pod "b" cannot pull image "w:1": unknown (ErrImagePull) (1 more likewise)',
    'pod "d" crashes again and again: container "worker" ended with exit code 1, 2 restarts',
    'its log ends with "no such table"',
    'pod "a" is being started (ContainerCreating)',
  ]);
});

Deno.test("explainWorkload() counts the pods whose causes it leaves out", () => {
  const pods = ["A", "B", "C", "D", "E"].map((reason) =>
    pod(reason, { state: { waiting: { reason } } })
  );
  deepStrictEqual(explainWorkload(deployment(), pods).at(-1), "2 more pods");
});

function refused(message: string): JSONObject {
  return { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message };
}

const REFUSED: readonly [said: string, message: string][] = [
  [
    "pods cannot be made, the namespace's quota is used up",
    'pods "w-1" is forbidden: exceeded quota: small, requested: pods=1',
  ],
  [
    "pods cannot be made, they are forbidden",
    'pods "w-1" is forbidden: violates PodSecurity "restricted:latest"',
  ],
  ["pods cannot be made", 'Pod "w-1" is invalid: spec'],
];

for (const [said, message] of REFUSED) {
  Deno.test(`explainWorkload() says that ${said}: ${message}`, () => {
    deepStrictEqual(explainWorkload(deployment(refused(message)), []), [
      "1 of 3 ready",
      `${said}: ${message}`,
    ]);
  });
}

Deno.test("explainWorkload() says that a rollout takes too long", () => {
  const late = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };
  deepStrictEqual(explainWorkload(deployment(late), []), [
    "1 of 3 ready",
    "the rollout has not come further for 600 s",
  ]);
});

Deno.test("explainWorkload() finds out by events why a kind without conditions has no pods", () => {
  const set = statefulSetState(toStatefulSet({
    metadata: { name: "w", uid: "u" },
    spec: { ...SPEC, serviceName: "w" },
    status: { replicas: 0 },
  }));
  const events = [toEvent({
    metadata: { name: "e" },
    involvedObject: { uid: "u" },
    type: "Warning",
    reason: "FailedCreate",
    message: "create Pod w-0 failed: exceeded quota: small",
  })];
  deepStrictEqual(explainWorkload(set, [], { events }), [
    "0 of 3 ready",
    "pods cannot be made, the namespace's quota is used up: " +
    "create Pod w-0 failed: exceeded quota: small",
  ]);
});

Deno.test("explainWorkload() says that a Job has failed for good", () => {
  const job = jobState(toJob({
    metadata: { name: "w", uid: "u" },
    spec: { ...SPEC, completions: 5 },
    status: {
      succeeded: 2,
      failed: 7,
      conditions: [{
        type: "Failed",
        status: "True",
        reason: "BackoffLimitExceeded",
        message: "Job has reached the specified backoff limit",
      }],
    },
  }));
  deepStrictEqual(explainWorkload(job, []), [
    "2 of 5 succeeded, 7 failed",
    "it has failed: Job has reached the specified backoff limit (BackoffLimitExceeded)",
  ]);
});
