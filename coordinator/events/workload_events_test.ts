import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { toDaemonSet, toDeployment, toStatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import { toCronJob, toJob } from "@cloudydeno/kubernetes-apis/batch/v1";
import type { JSONObject } from "@cloudydeno/kubernetes-client";
import type { Head } from "../heads.ts";
import type { WorkloadEvent, WorkloadState } from "./events.ts";
import { headState } from "./head_state.ts";
import { workloadEventSchema } from "./workload_event_schema.ts";
import { workloadEvents } from "./workload_events.ts";

const DECODERS = {
  Deployment: toDeployment,
  StatefulSet: toStatefulSet,
  DaemonSet: toDaemonSet,
  Job: toJob,
  CronJob: toCronJob,
};

function head(
  kind: Head["kind"],
  status: JSONObject,
  { spec = {}, generation = 1, uid = "u" }: {
    spec?: JSONObject;
    generation?: number;
    uid?: string;
  } = {},
): WorkloadState {
  const template = { spec: { containers: [] } };
  const needed = {
    selector: {},
    template,
    serviceName: "w",
    jobTemplate: {},
    schedule: "* * * * *",
  };
  const object = DECODERS[kind]({
    metadata: { name: "w", namespace: "team", uid, generation },
    spec: { ...needed, ...spec },
    status: { ...REQUIRED[kind], ...status },
  });
  return headState(object as Head);
}

/** What the API server always writes. */
const REQUIRED: Partial<Record<Head["kind"], JSONObject>> = {
  StatefulSet: { replicas: 0 },
  DaemonSet: {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  },
};

function counts(n: number, generation = 1): JSONObject {
  return {
    observedGeneration: generation,
    replicas: n,
    updatedReplicas: n,
    readyReplicas: n,
    availableReplicas: n,
  };
}

function types(events: WorkloadEvent[]): string[] {
  for (const event of events) workloadEventSchema.parse(event);
  return events.map(({ type }) => type);
}

const TWO = { replicas: 2 };

for (const kind of ["Deployment", "StatefulSet"] as const) {
  Deno.test(`workloadEvents() tells the life of a ${kind}`, () => {
    const made = head(kind, {}, { spec: TWO });
    const half = head(kind, { ...counts(2), readyReplicas: 1, availableReplicas: 1 }, {
      spec: TWO,
    });
    const full = head(kind, counts(2), { spec: TWO });
    const scaled = head(kind, counts(2), { spec: { replicas: 3 }, generation: 2 });
    deepStrictEqual(types(workloadEvents(undefined, made)), ["created"]);
    deepStrictEqual(types(workloadEvents(undefined, full)), ["created", "ready"]);
    deepStrictEqual(types(workloadEvents(made, half, { lastType: "created" })), ["progressing"]);
    deepStrictEqual(types(workloadEvents(half, full)), ["ready"]);
    deepStrictEqual(workloadEvents(full, head(kind, counts(2), { spec: TWO })), []);
    deepStrictEqual(types(workloadEvents(full, full, { replayed: true })), ["ready"]);
    deepStrictEqual(types(workloadEvents(full, half, { lastType: "ready" })), ["degraded"]);
    const none = head(kind, { ...counts(2), readyReplicas: 0, availableReplicas: 0 }, {
      spec: TWO,
    });
    deepStrictEqual(types(workloadEvents(half, none, { lastType: "degraded" })), ["degraded"]);
    deepStrictEqual(types(workloadEvents(full, scaled, { lastType: "ready" })), ["progressing"]);
    deepStrictEqual(types(workloadEvents(full, full, { deleted: true })), ["deleted"]);
  });
}

function condition(type: string, status: string, reason: string): JSONObject {
  return { conditions: [{ type, status, reason, message: "why" }] };
}

Deno.test("workloadEvents() tells that a Deployment is stalled, and why", () => {
  const before = head("Deployment", {}, { spec: TWO });
  for (
    const told of [
      condition("Progressing", "False", "ProgressDeadlineExceeded"),
      condition("ReplicaFailure", "True", "FailedCreate"),
    ]
  ) {
    const after = head("Deployment", { observedGeneration: 1, ...told }, { spec: TWO });
    const events = workloadEvents(before, after);
    deepStrictEqual(types(events), ["stalled"]);
    deepStrictEqual([events[0]!.message, events[0]!.ready], ["why", false]);
  }
});

Deno.test("workloadEvents() replays a Deployment that is below its least as degraded", () => {
  const status = {
    ...counts(2),
    availableReplicas: 0,
    conditions: [
      { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
      { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" },
    ],
  };
  const state = head("Deployment", status, { spec: TWO });
  deepStrictEqual(types(workloadEvents(undefined, state, { replayed: true })), ["degraded"]);
});

Deno.test("headState() counts only what a StatefulSet replaces by itself", () => {
  const status = { ...counts(3), updatedReplicas: 1 };
  strictEqual(head("StatefulSet", status, { spec: { replicas: 3 } }).ready, false);
  for (
    const updateStrategy of [
      { type: "OnDelete" },
      { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    ]
  ) {
    strictEqual(head("StatefulSet", status, { spec: { replicas: 3, updateStrategy } }).ready, true);
  }
});

Deno.test("headState() reads a StatefulSet of a server that does not count available pods", () => {
  const { availableReplicas: _, ...status } = counts(2);
  const state = head("StatefulSet", status, { spec: TWO });
  deepStrictEqual([state.ready, state.availableReplicas], [true, 2]);
});

Deno.test("workloadEvents() tells the life of a DaemonSet", () => {
  const daemon = (ready: number, updated = 3) =>
    head("DaemonSet", {
      observedGeneration: 1,
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      updatedNumberScheduled: updated,
      numberReady: ready,
      numberAvailable: ready,
    });
  const made = head("DaemonSet", {});
  deepStrictEqual([made.ready, daemon(3).ready, daemon(3, 2).ready, daemon(2).ready], [
    false,
    true,
    false,
    false,
  ]);
  deepStrictEqual(types(workloadEvents(made, daemon(2))), ["progressing"]);
  deepStrictEqual(types(workloadEvents(daemon(2), daemon(3))), ["ready"]);
  deepStrictEqual(types(workloadEvents(daemon(3), daemon(1))), ["degraded"]);
});

Deno.test("workloadEvents() tells the life of a Job that completes", () => {
  const spec = { parallelism: 2, completions: 3 };
  const startTime = "2026-01-01T00:00:00Z";
  const made = head("Job", {}, { spec });
  const runs = head("Job", { startTime, active: 2, ready: 2 }, { spec });
  const last = head("Job", { startTime, active: 1, ready: 0, succeeded: 2 }, { spec });
  const done = head("Job", {
    startTime,
    succeeded: 3,
    failed: 1,
    completionTime: "2026-01-01T00:01:00Z",
    conditions: [{ type: "Complete", status: "True" }],
  }, { spec });
  deepStrictEqual(types(workloadEvents(undefined, made)), ["created"]);
  deepStrictEqual(types(workloadEvents(made, runs)), ["ready"]);
  const events = workloadEvents(last, done);
  deepStrictEqual(types(events), ["succeeded"]);
  const [event] = events;
  deepStrictEqual([made.replicas, runs.replicas, last.replicas, done.replicas], [2, 2, 1, 0]);
  if (event?.kind !== "Job") throw new Error("it is a Job");
  deepStrictEqual([event.complete, event.ready, event.succeeded, event.failed, event.active], [
    true,
    true,
    3,
    1,
    0,
  ]);
  strictEqual(event.completed?.toISOString(), "2026-01-01T00:01:00.000Z");
});

Deno.test("workloadEvents() tells that a Job has failed for good", () => {
  const failed = head("Job", { failed: 3, ...condition("Failed", "True", "BackoffLimitExceeded") });
  const [event] = workloadEvents(head("Job", {}), failed);
  deepStrictEqual([event!.type, event!.reason, event!.ready], [
    "stalled",
    "BackoffLimitExceeded",
    false,
  ]);
});

Deno.test("workloadEvents() tells when a CronJob begins a job, and that it is suspended", () => {
  const idle = head("CronJob", {});
  const lastScheduleTime = "2026-01-01T00:00:00Z";
  const active = head("CronJob", { lastScheduleTime, active: [{ name: "w-1" }] });
  const [event] = workloadEvents(idle, active);
  if (event?.kind !== "CronJob") throw new Error("it is a CronJob");
  workloadEventSchema.parse(event);
  deepStrictEqual([event.type, event.active, event.lastSchedule], [
    "ready",
    1,
    new Date(lastScheduleTime),
  ]);
  const suspended = head("CronJob", {}, { spec: { suspend: true } });
  deepStrictEqual(types(workloadEvents(idle, suspended)), ["ready"]);
});
