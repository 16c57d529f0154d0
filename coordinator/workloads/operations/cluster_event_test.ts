import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Event, toEvent } from "@cloudydeno/kubernetes-apis/core/v1";
import { clusterEvent, isAbout } from "./cluster_event.ts";

function about(kind: string, name: string, uid = "x"): Event {
  return { metadata: {}, involvedObject: { kind, name, uid } };
}

Deno.test("clusterEvent() reads the older and the newer form", () => {
  const involvedObject = { kind: "Pod", name: "w-0" };
  const old = clusterEvent(toEvent({
    metadata: { uid: "u" },
    involvedObject,
    type: "Warning",
    reason: "BackOff",
    message: "Back-off",
    count: 3,
    lastTimestamp: "2026-01-01T00:00:00Z",
    source: { component: "kubelet" },
  }));
  deepStrictEqual({ ...old, source: undefined }, {
    uid: "u",
    type: "Warning",
    reason: "BackOff",
    message: "Back-off",
    object: involvedObject,
    reporter: "kubelet",
    count: 3,
    time: new Date("2026-01-01T00:00:00Z"),
    source: undefined,
  });
  const other = clusterEvent(toEvent({
    metadata: {},
    involvedObject,
    eventTime: "2026-01-01T00:00:00.250000Z",
    reportingComponent: "default-scheduler",
  }));
  deepStrictEqual(
    [other.type, other.reporter, other.count, other.time],
    ["Normal", "default-scheduler", 1, new Date("2026-01-01T00:00:00.250Z")],
  );
});

Deno.test("isAbout() knows what belongs to a workload by its uid or its name", () => {
  const workload = { name: "w", kind: "Deployment", uids: new Set(["known"]) };
  const own: [kind: string, name: string, uid?: string][] = [
    ["Deployment", "w"],
    ["ReplicaSet", "w-6b5f9c7d88"],
    ["Pod", "w-6b5f9c7d88-x2x4z"],
    ["Pod", "whatever", "known"],
  ];
  for (const [kind, name, uid] of own) strictEqual(isAbout(about(kind, name, uid), workload), true);
  const foreign = [
    ["Deployment", "w-2"],
    ["ReplicaSet", "w-2-6b5f9c7d88"],
    ["Pod", "w-2-6b5f9c7d88-x2x4z"],
    ["Pod", "x-6b5f9c7d88-x2x4z"],
    ["Service", "w-2"],
    ["StatefulSet", "w"],
  ] as const;
  for (const [kind, name] of foreign) {
    strictEqual(isAbout(about(kind, name), workload), false, name);
  }
});

Deno.test("isAbout() knows the pods of all kinds of workloads", () => {
  const uids = new Set<string>();
  const own = [
    ["StatefulSet", "Pod", "w-12"],
    ["DaemonSet", "Pod", "w-x2x4z"],
    ["Job", "Pod", "w-x2x4z"],
    ["Job", "Pod", "w-3-x2x4z"],
    ["CronJob", "Job", "w-29384756"],
    ["CronJob", "Pod", "w-29384756-x2x4z"],
  ] as const;
  for (const [kind, owned, name] of own) {
    strictEqual(isAbout(about(owned, name), { name: "w", kind, uids }), true, name);
  }
});
