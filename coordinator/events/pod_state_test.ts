import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Pod, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { podState } from "./pod_state.ts";

/** A pod with one container that listens, as JSON from the API server. */
function pod(status: Record<string, JSONValue>, metadata: Record<string, JSONValue> = {}): Pod {
  return toPod({
    metadata: {
      name: "w-1",
      namespace: "team",
      uid: "u",
      labels: { "troupe.dev/workload": "w" },
      ...metadata,
    },
    spec: {
      nodeName: "n",
      containers: [{
        name: "worker",
        ports: [{ containerPort: 8086 }],
        readinessProbe: { tcpSocket: { port: 8086 } },
      }],
    },
    status,
  });
}

function container(state: JSONValue, more: Record<string, JSONValue> = {}): JSONValue {
  return { name: "worker", image: "i", imageID: "", ready: false, restartCount: 0, state, ...more };
}

const RUNNING = container({ running: { startedAt: "2026-01-01T00:00:00Z" } }, { ready: true });
const READY = { type: "Ready", status: "True" };
const UP = {
  phase: "Running",
  podIP: "10.0.0.1",
  hostIP: "10.1.0.1",
  conditions: [READY],
  containerStatuses: [RUNNING],
};

Deno.test("podState() reads everything of a pod that runs", () => {
  const source = pod(UP);
  const state = podState(source);
  strictEqual(state.source, source);
  deepStrictEqual({ ...state, labels: { ...state.labels }, source: undefined }, {
    name: "w-1",
    namespace: "team",
    uid: "u",
    workload: "w",
    node: "n",
    hostIP: "10.1.0.1",
    podIP: "10.0.0.1",
    port: 8086,
    phase: "Running",
    running: true,
    ready: true,
    terminating: false,
    failure: undefined,
    reason: undefined,
    message: undefined,
    restarts: 0,
    exitCode: undefined,
    signal: undefined,
    labels: { "troupe.dev/workload": "w" },
    source: undefined,
  });
});

Deno.test("podState() is not running when a probe has not succeeded yet", () => {
  const unready = container({ running: { startedAt: "2026-01-01T00:00:00Z" } });
  const conditions = [{
    type: "Ready",
    status: "False",
    reason: "ContainersNotReady",
    message: "containers with unready status: [worker]",
  }];
  const state = podState(pod({ phase: "Running", containerStatuses: [unready], conditions }));
  strictEqual(state.running, false);
  strictEqual(state.reason, "ContainersNotReady");
});

Deno.test("podState() is running without a probe when its container runs", () => {
  const source = pod({ ...UP, containerStatuses: [container({ running: {} })] });
  delete source.spec!.containers[0]!.readinessProbe;
  strictEqual(podState(source).running, true);
});

Deno.test("podState() is not running when one of its containers is not there yet", () => {
  strictEqual(podState(pod({ ...UP, containerStatuses: [] })).running, false);
});

Deno.test("podState() is neither running nor ready when the pod is ending or gone", () => {
  const ending = podState(pod(UP, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
  deepStrictEqual([ending.running, ending.ready, ending.reason], [false, false, "Terminating"]);
  const gone = podState(pod(UP), { deleted: true });
  deepStrictEqual([gone.running, gone.ready], [false, false]);
});

Deno.test("podState() says why a container waits", () => {
  const waiting = { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } };
  const state = podState(pod({ phase: "Pending", containerStatuses: [container(waiting)] }));
  deepStrictEqual([state.reason, state.message], ["ImagePullBackOff", "Back-off pulling image"]);
});

Deno.test("podState() says why a pod has no node", () => {
  const conditions = [{
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "no nodes available",
  }];
  const state = podState(pod({ phase: "Pending", conditions }));
  deepStrictEqual([state.phase, state.reason, state.message], [
    "Pending",
    "Unschedulable",
    "no nodes available",
  ]);
});

Deno.test("podState() says that a node evicted a pod", () => {
  const state = podState(pod({ phase: "Failed", reason: "Evicted", message: "low on memory" }));
  deepStrictEqual([state.phase, state.reason], ["Failed", "Evicted"]);
});

Deno.test("podState() says why a pod was taken out of its workload, whose it still is", () => {
  const state = podState(pod({ phase: "Failed", reason: "DeadlineExceeded" }, {
    labels: { "troupe.dev/quarantined": "w" },
    annotations: { "troupe.dev/quarantine-reason": "it failed 6 times in a row" },
  }));
  deepStrictEqual([state.workload, state.reason, state.message], [
    "w",
    "Quarantined",
    "it failed 6 times in a row",
  ]);
});

Deno.test("podState() counts restarts and tells how a container ended last", () => {
  const backOff = container({ waiting: { reason: "CrashLoopBackOff" } }, {
    restartCount: 4,
    lastState: {
      terminated: { exitCode: 3, reason: "Error", finishedAt: "2026-01-01T00:00:00Z" },
    },
  });
  const state = podState(pod({ phase: "Running", containerStatuses: [backOff] }));
  deepStrictEqual([state.restarts, state.exitCode, state.reason], [4, 3, "CrashLoopBackOff"]);
});

Deno.test("podState() prefers the port that a node agent assigned", () => {
  strictEqual(podState(pod(UP, { annotations: { "troupe.dev/port": "41234" } })).port, 41234);
  strictEqual(podState(pod(UP, { annotations: { "troupe.dev/port": "none" } })).port, 8086);
});

Deno.test("podState() reads a pod that has just been created", () => {
  const state = podState(toPod({ metadata: { name: "w-1" } }));
  deepStrictEqual([state.phase, state.running, state.podIP, state.port], [
    "Pending",
    false,
    undefined,
    undefined,
  ]);
});

Deno.test("podState() takes the worker's port, not that of a proxy put before it", () => {
  const source = pod(UP);
  source.spec!.containers.unshift({ name: "proxy", ports: [{ containerPort: 15_090 }] });
  strictEqual(podState(source).port, 8086);
  source.spec!.containers[1]!.ports = [];
  strictEqual(podState(source).port, undefined);
});
