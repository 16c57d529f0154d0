/** States of objects that their tables tell apart, by kind. */

import type { JsonObject } from "../../schema/mod.ts";

const MAIN = { name: "main", image: "app", imageID: "", ready: false, restartCount: 0 };
const OTHER = { ...MAIN, name: "pinned" };
const INIT = { ...MAIN, name: "init" };
const PAST = "2026-01-02T03:04:05Z";

function ended(exitCode: number, more: JsonObject = {}): JsonObject {
  return { terminated: { exitCode, startedAt: PAST, finishedAt: PAST, ...more } };
}

const PODS: JsonObject[] = [
  { phase: "Pending" },
  { phase: "Running", podIP: "10.1.2.3", podIPs: [{ ip: "10.1.2.3" }], nominatedNodeName: "one" },
  { phase: "Failed", reason: "Evicted", message: "low on memory" },
  {
    phase: "Succeeded",
    containerStatuses: [{ ...MAIN, state: ended(0, { reason: "Completed" }) }],
  },
  { phase: "Failed", containerStatuses: [{ ...MAIN, state: ended(3, { reason: "Error" }) }] },
  { phase: "Failed", containerStatuses: [{ ...MAIN, state: ended(3) }] },
  { phase: "Failed", containerStatuses: [{ ...MAIN, state: ended(137, { signal: 9 }) }] },
  {
    phase: "Running",
    containerStatuses: [{
      ...MAIN,
      ready: true,
      restartCount: 2,
      state: { running: { startedAt: PAST } },
      lastState: ended(1),
    }],
  },
  {
    phase: "Running",
    containerStatuses: [{
      ...MAIN,
      restartCount: 5,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    }],
  },
  {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [
      { ...MAIN, state: ended(0, { reason: "Completed" }) },
      { ...OTHER, ready: true, state: { running: { startedAt: PAST } } },
    ],
  },
  {
    phase: "Running",
    containerStatuses: [
      { ...MAIN, state: ended(0, { reason: "Completed" }) },
      { ...OTHER, ready: true, state: { running: { startedAt: PAST } } },
    ],
  },
  {
    phase: "Pending",
    initContainerStatuses: [{ ...INIT, state: { running: { startedAt: PAST } } }],
  },
  {
    phase: "Pending",
    initContainerStatuses: [{ ...INIT, state: { waiting: { reason: "PodInitializing" } } }],
  },
  {
    phase: "Pending",
    initContainerStatuses: [{ ...INIT, state: { waiting: { reason: "ErrImagePull" } } }],
  },
  {
    phase: "Pending",
    initContainerStatuses: [{ ...INIT, restartCount: 1, state: ended(2, { reason: "Error" }) }],
  },
  { phase: "Pending", initContainerStatuses: [{ ...INIT, state: ended(2) }] },
  {
    phase: "Pending",
    initContainerStatuses: [{
      ...INIT,
      restartCount: 4,
      ready: true,
      state: ended(0, { reason: "Completed" }),
    }],
    containerStatuses: [{ ...MAIN, state: { waiting: { reason: "ContainerCreating" } } }],
  },
];

/** States by kind. */
export const STATUSES: Record<string, readonly JsonObject[]> = {
  DaemonSet: [{
    desiredNumberScheduled: 3,
    currentNumberScheduled: 2,
    numberReady: 1,
    numberMisscheduled: 0,
    updatedNumberScheduled: 2,
    numberAvailable: 1,
  }],
  Deployment: [
    { replicas: 3, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 },
    { replicas: 1 },
  ],
  Pod: PODS,
  ReplicaSet: [{ replicas: 3, readyReplicas: 2 }],
  StatefulSet: [{ replicas: 3, readyReplicas: 2 }],
};
