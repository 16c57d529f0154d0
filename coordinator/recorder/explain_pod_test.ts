import { deepStrictEqual } from "node:assert/strict";
import { type Event, toEvent, toNode, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject } from "@cloudydeno/kubernetes-client";
import type { PodState } from "../events/events.ts";
import { nodeState } from "../events/node_state.ts";
import { podState } from "../events/pod_state.ts";
import { explain, type ExplainOptions } from "./explain_pod.ts";

function pod(status: JSONObject, { ending = false, node = true } = {}): PodState {
  return podState(toPod({
    metadata: {
      name: "w-1",
      namespace: "team",
      uid: "u",
      ...(ending && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: {
      ...(node && { nodeName: "n1" }),
      containers: [{
        name: "worker",
        image: "w:1",
        resources: { limits: { memory: "128Mi" } },
        readinessProbe: { tcpSocket: { port: 80 } },
      }],
    },
    status,
  }));
}

function container(state: JSONObject, more: JSONObject = {}): JSONObject {
  const status = { name: "worker", image: "w:1", imageID: "", ready: false, restartCount: 0 };
  return { containerStatuses: [{ ...status, state, ...more }] };
}

function waits(reason: string, message: string, more: JSONObject = {}): JSONObject {
  return { phase: "Pending", ...container({ waiting: { reason, message } }, more) };
}

function ended(exitCode: number, reason = "Error"): JSONObject {
  return { terminated: { exitCode, reason } };
}

function warning(reason: string, message: string, at = "2026-01-01T00:00:00Z"): Event {
  return toEvent({
    metadata: { name: `e-${at}` },
    involvedObject: { uid: "u" },
    type: "Warning",
    reason,
    message,
    lastTimestamp: at,
  });
}

const LOST_NODE = nodeState(toNode({
  metadata: { name: "n1" },
  status: {
    conditions: [{
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    }],
  },
}));

const UNSCHEDULABLE = {
  type: "PodScheduled",
  status: "False",
  reason: "Unschedulable",
  message: "0/3 nodes are available: 3 Insufficient cpu.",
};

const RUNS = { running: { startedAt: "2026-01-01T00:00:00Z" } };

const CASES: readonly [said: string, state: PodState, options?: ExplainOptions][] = [
  [
    'cannot pull image "w:1": manifest unknown (ErrImagePull)',
    pod(waits("ErrImagePull", "manifest unknown")),
  ],
  [
    'cannot pull image "w:1": Failed to pull image "w:1": not found (ImagePullBackOff)',
    pod(waits("ImagePullBackOff", "Back-off pulling image")),
    {
      events: [
        warning("Failed", "Error: ErrImagePull", "2026-01-01T00:00:00Z"),
        warning("Failed", 'Failed to pull image "w:1": not found', "2026-01-01T00:00:01Z"),
      ],
    },
  ],
  [
    'crashes again and again: container "worker" ended with exit code 7, 3 restarts',
    pod(waits("CrashLoopBackOff", "back-off", { restartCount: 3, lastState: ended(7) })),
  ],
  [
    'crashes again and again: container "worker" ended with exit code 139 (SIGSEGV), 1 restart',
    pod(waits("CrashLoopBackOff", "back-off", { restartCount: 1, lastState: ended(139) })),
  ],
  [
    "used more memory than its limit of 128Mi (OOMKilled), 2 restarts",
    pod(waits("CrashLoopBackOff", "back-off", {
      restartCount: 2,
      lastState: ended(137, "OOMKilled"),
    })),
  ],
  [
    'cannot start container "worker": secret "s" not found (CreateContainerConfigError)',
    pod(waits("CreateContainerConfigError", 'secret "s" not found')),
  ],
  [
    "finds no node: 0/3 nodes are available: 3 Insufficient cpu. (Unschedulable)",
    pod({ phase: "Pending", conditions: [UNSCHEDULABLE] }, { node: false }),
  ],
  ["waits for a node", pod({ phase: "Pending" }, { node: false })],
  ['waits for node "n1" to begin with it', pod({ phase: "Pending" })],
  ["is being started (ContainerCreating)", pod(waits("ContainerCreating", ""))],
  [
    "waits for a volume: timed out waiting for the condition (FailedMount)",
    pod(waits("ContainerCreating", "")),
    { events: [warning("FailedMount", "timed out waiting for the condition")] },
  ],
  ["runs and is not ready yet", pod({ phase: "Running", ...container(RUNS) })],
  [
    "runs and is not ready yet: Readiness probe failed: 503 (Unhealthy)",
    pod({ phase: "Running", ...container(RUNS) }),
    { events: [warning("Unhealthy", "Readiness probe failed: 503")] },
  ],
  [
    'is no longer ready: container "worker" ended with exit code 1',
    pod({ phase: "Running", ...container(ended(1)) }),
  ],
  [
    "was evicted from its node: The node was low on resource: memory. (Evicted)",
    pod({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." }),
  ],
  [
    'was refused by its node "n1": no (OutOfcpu)',
    pod({ phase: "Failed", reason: "OutOfcpu", message: "no" }),
  ],
  [
    "ran longer than it may (DeadlineExceeded)",
    pod({ phase: "Failed", reason: "DeadlineExceeded" }),
  ],
  [
    "had to make room for a pod of higher priority (PreemptionByScheduler)",
    pod({
      phase: "Running",
      conditions: [{ type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" }],
    }, { ending: true }),
  ],
  [
    'is on node "n1", which is lost: Kubelet stopped posting node status. (NodeStatusUnknown)',
    pod({ phase: "Unknown" }),
    { node: LOST_NODE },
  ],
  [
    'has failed: container "worker" ended with exit code 2',
    pod({ phase: "Failed", ...container(ended(2)) }),
  ],
  ["is being deleted", pod({ phase: "Running" }, { ending: true })],
  ["has succeeded", pod({ phase: "Succeeded" })],
  [
    "is ready after 1 restart",
    pod({
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      ...container(RUNS, { restartCount: 1, ready: true }),
    }),
  ],
];

for (const [said, state, options] of CASES) {
  Deno.test(`explain() says that a pod ${said}`, () => {
    deepStrictEqual(explain(state, options), [`pod "w-1" ${said}`]);
  });
}

Deno.test("explain() says why a pod was taken out of its workload, not what came of that", () => {
  const { source } = pod({ phase: "Failed", reason: "DeadlineExceeded" });
  source.metadata!.labels = { "troupe.dev/quarantined": "w" };
  source.metadata!.annotations = { "troupe.dev/quarantine-reason": "it failed 6 times in a row" };
  deepStrictEqual(explain(podState(source)), [
    'pod "w-1" was taken out of workload "w": it failed 6 times in a row (Quarantined)',
  ]);
});

Deno.test("explain() quotes the last lines of a log", () => {
  const state = pod(waits("CrashLoopBackOff", "", { restartCount: 1, lastState: ended(1) }));
  const log = ["1", "2", "3", "4", "error: no such table", "  at main.ts:3\n", ""];
  deepStrictEqual(
    explain(state, { log })[1],
    'its log ends with "3", "4", "error: no such table", "  at main.ts:3"',
  );
});

Deno.test("explain() says that the node of a pod is lost", () => {
  deepStrictEqual(explain(pod(waits("ContainerCreating", "")), { node: LOST_NODE }), [
    'pod "w-1" is being started (ContainerCreating)',
    'its node "n1" is lost: Kubelet stopped posting node status. (NodeStatusUnknown)',
  ]);
});

Deno.test("explain() leaves out events about others", () => {
  const other = { ...warning("FailedMount", "x"), involvedObject: { uid: "v" } };
  deepStrictEqual(explain(pod(waits("ContainerCreating", "")), { events: [other] }), [
    'pod "w-1" is being started (ContainerCreating)',
  ]);
});
