import { deepStrictEqual } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { observeWorker } from "./observation.ts";

function pod(status: Pod["status"], metadata: Pod["metadata"] = {}): Pod {
  return { metadata: { name: "w-1", uid: "u", ...metadata }, status };
}

function container(restartCount: number, reason: string, exitCode = 1) {
  const terminated = { exitCode, reason, finishedAt: new Date(0) };
  return {
    name: "worker",
    image: "w",
    imageID: "",
    ready: false,
    restartCount,
    lastState: { terminated },
  };
}

const CASES: [name: string, pod: Pod, ends: number, disrupted: boolean][] = [
  ["a pod that runs", pod({ phase: "Running" }), 0, false],
  ["a crash", pod({ phase: "Running", containerStatuses: [container(2, "Error")] }), 2, false],
  ["a kill for memory", pod({ containerStatuses: [container(1, "OOMKilled", 137)] }), 1, false],
  [
    "a crash of an init container",
    pod({ initContainerStatuses: [container(1, "Error")] }),
    1,
    false,
  ],
  ["a pod that failed for good", pod({ phase: "Failed" }), 1, false],
  ["a deadline", pod({ phase: "Failed", reason: "DeadlineExceeded" }), 1, false],
  ["an eviction", pod({ phase: "Failed", reason: "Evicted" }), 1, true],
  ["a node's shutdown", pod({ phase: "Failed", reason: "NodeShutdown" }), 1, true],
  ["a node's new start", pod({ containerStatuses: [container(1, "Unknown", 255)] }), 1, true],
  [
    "a preemption",
    pod({ conditions: [{ type: "DisruptionTarget", status: "True" }] }, {
      deletionTimestamp: new Date(0),
    }),
    0,
    true,
  ],
];

for (const [name, seen, ends, disrupted] of CASES) {
  Deno.test(`observeWorker() tells ${name} by ${ends} ends${disrupted ? " and a disruption" : ""}`, () => {
    const view = observeWorker(seen);
    deepStrictEqual([view.ends, view.disrupted], [ends, disrupted]);
  });
}
