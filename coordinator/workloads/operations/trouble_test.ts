import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { podState } from "../../events/pod_state.ts";
import type { Head } from "../../heads.ts";
import { crashed, deployment, job, pod, running, waiting } from "./testdata/scene.ts";
import { findTrouble, IMAGE_PATIENCE, PATIENCE, refusal } from "./trouble.ts";

/** Reason, sentence, names of pods and patience of what is found. */
function troubleOf(head: Head, ...pods: Pod[]): unknown {
  const found = findTrouble(head, pods.map((one) => podState(one)));
  if (found === undefined) return undefined;
  const { reason, why, patience } = found;
  return [reason, why, found.pods.map(({ name }) => name).join(), patience];
}

const unschedulable = {
  conditions: [{
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/1 nodes are available: 1 Insufficient cpu.",
  }],
};

Deno.test("findTrouble() finds none in what only takes its time", () => {
  strictEqual(troubleOf(deployment()), undefined);
  strictEqual(troubleOf(deployment(), pod("p1"), pod("p2", { container: running() })), undefined);
  const starting = pod("p1", { container: waiting("ContainerCreating") });
  strictEqual(troubleOf(deployment(), starting), undefined);
});

Deno.test("findTrouble() takes three crashes for a loop, and fewer for bad luck", () => {
  const head = deployment();
  strictEqual(troubleOf(head, pod("p1", { container: crashed(2, 3) })), undefined);
  deepStrictEqual(
    troubleOf(
      head,
      pod("p1", { container: crashed(3, 3) }),
      pod("p2", { container: crashed(4, 3) }),
    ),
    [
      "CrashLoopBackOff",
      'pod "p1" crashes again and again, the last time with exit code 3',
      "p1,p2",
      0,
    ],
  );
  // it is up again: that may be the end of it
  const up = { ...crashed(3, 3), ...running(), ready: false };
  strictEqual(troubleOf(head, pod("p1", { container: up })), undefined);
});

Deno.test("findTrouble() tells a lack of memory from other crashes", () => {
  const lastState = { terminated: { exitCode: 137, reason: "OOMKilled" } };
  const killed = pod("p1", { container: { ...crashed(3, 137), lastState } });
  deepStrictEqual(troubleOf(deployment(), killed), [
    "OOMKilled",
    'pod "p1" is killed for its memory again and again, the last time with signal 9',
    "p1",
    0,
  ]);
});

Deno.test("findTrouble() tells which image cannot be had, and gives registries a moment", () => {
  const message = 'Back-off pulling image "w:1"';
  const head = deployment();
  deepStrictEqual(troubleOf(head, pod("p1", { container: waiting("ImagePullBackOff", message) })), [
    "ImagePullBackOff",
    `pod "p1" cannot get its image "w:1": ImagePullBackOff, ${message}`,
    "p1",
    IMAGE_PATIENCE,
  ]);
  deepStrictEqual(troubleOf(head, pod("p1", { container: waiting("InvalidImageName") })), [
    "ImagePullBackOff",
    'pod "p1" cannot get its image "w:1": InvalidImageName',
    "p1",
    0,
  ]);
});

Deno.test("findTrouble() tells what a container cannot be made for", () => {
  const container = waiting("CreateContainerConfigError", 'secret "s" not found');
  deepStrictEqual(troubleOf(deployment(), pod("p1", { container })), [
    "ConfigError",
    'pod "p1" cannot be started: CreateContainerConfigError, secret "s" not found',
    "p1",
    PATIENCE,
  ]);
});

Deno.test("findTrouble() passes on the scheduler's reason", () => {
  const pending = pod("p1", { status: unschedulable });
  pending.spec!.nodeName = undefined;
  deepStrictEqual(troubleOf(deployment(), pending), [
    "Unschedulable",
    'pod "p1" fits on no node: 0/1 nodes are available: 1 Insufficient cpu.',
    "p1",
    PATIENCE,
  ]);
});

Deno.test("findTrouble() tells that pods are refused, and whether a quota did", () => {
  const message = 'pods "w-1" is forbidden: exceeded quota: q, requested: pods=1';
  const conditions = [{
    type: "ReplicaFailure",
    status: "True",
    reason: "FailedCreate",
    message,
  }];
  deepStrictEqual(troubleOf(deployment({ status: { conditions } })), [
    "QuotaExceeded",
    `its pods cannot be created: ${message}`,
    "",
    PATIENCE,
  ]);
  strictEqual(refusal('pods "w-1" is forbidden: violates PodSecurity').reason, "Forbidden");
  strictEqual(refusal("no such volume").reason, "FailedCreate");
});

Deno.test("findTrouble() tells that a deployment has missed its deadline", () => {
  const message = 'ReplicaSet "w-1" has timed out progressing.';
  const reason = "ProgressDeadlineExceeded";
  const conditions = [{ type: "Progressing", status: "False", reason, message }];
  deepStrictEqual(troubleOf(deployment({ status: { conditions } })), [
    reason,
    `it did not get on within its deadline: ${message}`,
    "",
    0,
  ]);
  const missing = pod("p1", { container: waiting("ErrImagePull") });
  deepStrictEqual(troubleOf(deployment({ status: { conditions } }), missing), [
    reason,
    'it did not get on within its deadline: pod "p1" cannot get its image "w:1": ErrImagePull',
    "p1",
    0,
  ]);
});

Deno.test("findTrouble() tells that a paused deployment has work left, and only then", () => {
  const spec = { paused: true };
  strictEqual(
    troubleOf(deployment({ spec, status: { replicas: 1, updatedReplicas: 1 } })),
    undefined,
  );
  deepStrictEqual(
    troubleOf(deployment({ spec, status: { replicas: 2, updatedReplicas: 0 } })),
    ["Paused", "it is paused until resume() is called", "", 0],
  );
});

Deno.test("findTrouble() tells why a job failed, and leaves its tries to it", () => {
  const message = "Job has reached the specified backoff limit";
  const conditions = [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded", message }];
  const terminated = { exitCode: 3, finishedAt: new Date(0) };
  const ended = pod("p1", { container: { state: { terminated } }, status: { phase: "Failed" } });
  deepStrictEqual(troubleOf(job({ status: { conditions } }), ended), [
    "BackoffLimitExceeded",
    `it failed with BackoffLimitExceeded: ${message}; pod "p1" ended with exit code 3`,
    "p1",
    0,
  ]);
  strictEqual(
    troubleOf(job({ spec: { parallelism: 1 } }), pod("p1", { container: crashed(5, 3) })),
    undefined,
  );
});

Deno.test("findTrouble() leaves out workers of before, and those that are stopped", () => {
  const head = deployment();
  const old = pod("p1", { container: crashed(9, 1), spec: { image: "w:0" } });
  strictEqual(troubleOf(head, old), undefined);
  const ending = pod("p1", { container: crashed(9, 1) });
  ending.metadata!.deletionTimestamp = new Date(0);
  strictEqual(troubleOf(head, ending), undefined);
});
