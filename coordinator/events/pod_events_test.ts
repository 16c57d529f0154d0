import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Pod, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject, JSONValue } from "@cloudydeno/kubernetes-client";
import { seededRandom } from "../../testing/mod.ts";
import type { PodEvent, PodEventType, PodState } from "./events.ts";
import { podEventSchema } from "./pod_event_schema.ts";
import { podEvents } from "./pod_events.ts";
import { podState } from "./pod_state.ts";
import { sameState } from "./same_state.ts";
import { podLife } from "./testdata/pod_lives.ts";

interface Spec {
  status?: JSONObject;
  uid?: string;
  node?: string | null;
  ending?: boolean;
  label?: string;
}

function pod({ status = {}, uid = "u", node = "n1", ending = false, label = "a" }: Spec): PodState {
  const source: Pod = toPod({
    metadata: {
      name: "w-1",
      uid,
      labels: { label },
      ...(ending && { deletionTimestamp: "2026-01-01T01:00:00Z" }),
    },
    spec: {
      containers: [{ name: "worker", readinessProbe: { tcpSocket: { port: 80 } } }],
      ...(node !== null && { nodeName: node }),
    },
    status,
  });
  return podState(source);
}

function container(state: JSONValue, more: JSONObject = {}): JSONObject {
  return { name: "worker", image: "i", imageID: "", ready: false, restartCount: 0, state, ...more };
}

const STARTED = { running: { startedAt: "2026-01-01T00:00:00Z" } };

function up(ready: boolean, more: JSONObject = {}, since = "2026-01-01T00:00:00Z"): JSONObject {
  const status = ready ? "True" : "False";
  const reason = ready ? {} : { reason: "ContainersNotReady" };
  return {
    phase: "Running",
    conditions: [
      { type: "Ready", status, lastTransitionTime: since, ...reason },
      { type: "ContainersReady", status },
    ],
    containerStatuses: [container(STARTED, { ready, ...more })],
  };
}

function ended(terminated: JSONObject): JSONObject {
  return { terminated: { exitCode: 1, reason: "Error", ...terminated } };
}

function types(events: PodEvent[]): PodEventType[] {
  for (const event of events) podEventSchema.parse(event);
  return events.map(({ type }) => type);
}

const PENDING = pod({ status: { phase: "Pending" }, node: null });
const READY = pod({ status: up(true) });

const PRESENT: readonly [type: PodEventType, why: string, spec: Spec][] = [
  ["pending", "it has no node", { status: { phase: "Pending" }, node: null }],
  ["scheduled", "its node has not begun", { status: { phase: "Pending" } }],
  ["starting", "its containers are made", {
    status: {
      phase: "Pending",
      containerStatuses: [container({ waiting: { reason: "ContainerCreating" } })],
    },
  }],
  ["starting", "it runs and no probe has succeeded", { status: up(false) }],
  ["running", "it can be talked to and has no condition Ready", {
    status: { ...up(true), conditions: [] },
  }],
  ["ready", "it is", { status: up(true) }],
  ["unready", "it is not ready since its container has begun", {
    status: up(false, {}, "2026-01-01T00:00:09Z"),
  }],
  ["unready", "its container has just ended", {
    status: { phase: "Running", containerStatuses: [container(ended({}))] },
  }],
  ["succeeded", "all went well", { status: { phase: "Succeeded" } }],
  ["failed", "it did not", { status: { phase: "Failed" } }],
  ["terminating", "it is being deleted", { status: up(true), ending: true }],
  ["terminating", "it has ended and is being deleted", {
    status: { phase: "Failed" },
    ending: true,
  }],
];

for (const [type, why, spec] of PRESENT) {
  Deno.test(`podEvents() replays ${type} when ${why}`, () => {
    const events = podEvents(undefined, pod(spec), { replayed: true });
    deepStrictEqual(types(events), [type]);
    ok(events[0]!.replayed);
  });
}

function waits(reason: string, more: JSONObject = {}): JSONObject {
  return {
    phase: "Pending",
    containerStatuses: [container({ waiting: { reason, message: "m" } }, more)],
  };
}

const FAILING: readonly [failure: string, problem: string, status: JSONObject][] = [
  ["ImagePullBackOff", "ErrImagePull", waits("ErrImagePull")],
  ["ImagePullBackOff", "InvalidImageName", waits("InvalidImageName")],
  ["ImagePullBackOff", "ErrImageNeverPull", waits("ErrImageNeverPull")],
  ["ConfigError", "CreateContainerConfigError", waits("CreateContainerConfigError")],
  ["ConfigError", "RunContainerError", waits("RunContainerError")],
  [
    "ConfigError",
    "CrashLoopBackOff",
    waits("CrashLoopBackOff", {
      lastState: ended({ reason: "StartError", exitCode: 128 }),
    }),
  ],
  ["CrashLoopBackOff", "CrashLoopBackOff", waits("CrashLoopBackOff", { lastState: ended({}) })],
  [
    "OOMKilled",
    "CrashLoopBackOff",
    waits("CrashLoopBackOff", {
      lastState: ended({ reason: "OOMKilled", exitCode: 137 }),
    }),
  ],
  ["OOMKilled", "OOMKilled", {
    phase: "Running",
    containerStatuses: [container(ended({ reason: "OOMKilled", exitCode: 137 }))],
  }],
  ["CrashLoopBackOff", "CrashLoopBackOff", {
    phase: "Pending",
    initContainerStatuses: [container({ waiting: { reason: "CrashLoopBackOff" } })],
  }],
  ["NodeLost", "NodeNotReady", {
    ...up(true),
    conditions: [{ type: "Ready", status: "False" }, { type: "ContainersReady", status: "True" }],
  }],
  ["NodeLost", "NodeNotReady", {
    ...up(true),
    conditions: [{ type: "Ready", status: "False", reason: "NodeNotReady" }],
  }],
  ["NodeLost", "NodeLost", { ...up(true), reason: "NodeLost" }],
  ["NodeLost", "Unknown", { phase: "Unknown" }],
];

for (const [i, [failure, problem, status]] of FAILING.entries()) {
  Deno.test(`podEvents() tells failing with ${failure} when it is ${problem}, case ${i}`, () => {
    const [event, ...others] = podEvents(READY, pod({ status }));
    deepStrictEqual([types([event!]), others], [["failing"], []]);
    ok(event?.type === "failing");
    deepStrictEqual([event.reason, event.failure, event.problem], [failure, failure, problem]);
    strictEqual(event.running, false);
  });
}

const FORCED: readonly [failure: string, last: PodEventType, spec: Spec][] = [
  ["Evicted", "failed", { status: { phase: "Failed", reason: "Evicted", message: "disk" } }],
  ["Evicted", "failed", { status: { phase: "Failed", reason: "Terminated" } }],
  ["Preempted", "failed", { status: { phase: "Failed", reason: "Preempting" } }],
  ["DeadlineExceeded", "failed", { status: { phase: "Failed", reason: "DeadlineExceeded" } }],
  ["Rejected", "failed", { status: { phase: "Failed", reason: "OutOfcpu" } }],
  ["Rejected", "failed", { status: { phase: "Failed", reason: "UnexpectedAdmissionError" } }],
  ["OOMKilled", "failed", {
    status: {
      phase: "Failed",
      containerStatuses: [container(ended({ reason: "OOMKilled", exitCode: 137 }))],
    },
  }],
  ["NodeLost", "terminating", { status: { ...up(true), reason: "NodeLost" }, ending: true }],
  ...([
    ["Preempted", "PreemptionByScheduler"],
    ["Evicted", "EvictionByEvictionAPI"],
    ["Evicted", "DeletionByTaintManager"],
    ["Evicted", "TerminationByKubelet"],
    ["NodeLost", "DeletionByPodGC"],
  ] as const).map(([failure, reason]): [string, PodEventType, Spec] => [failure, "terminating", {
    status: {
      ...up(true),
      conditions: [
        { type: "Ready", status: "True" },
        { type: "DisruptionTarget", status: "True", reason },
      ],
    },
    ending: true,
  }]),
];

for (const [i, [failure, last, spec]] of FORCED.entries()) {
  Deno.test(`podEvents() tells failing with ${failure} before ${last}, case ${i}`, () => {
    const after = pod(spec);
    const events = podEvents(READY, after);
    deepStrictEqual(types(events), ["failing", last]);
    deepStrictEqual(events.map((e) => e.failure), [failure, failure]);
    // who has heard of the failure is not told again
    deepStrictEqual(types(podEvents(after, pod({ ...spec, label: "b" }), { lastType: last })), [
      last,
    ]);
    deepStrictEqual(types(podEvents(undefined, after, { replayed: true })), [last]);
  });
}

Deno.test("podEvents() tells what was merged: restarts, then what it is", () => {
  const lastState = ended({ exitCode: 139, finishedAt: "2026-01-01T00:00:00Z", reason: "Error" });
  const events = podEvents(PENDING, pod({ status: up(true, { restartCount: 2, lastState }) }));
  deepStrictEqual(types(events), ["restarted", "ready"]);
  const [restarted] = events;
  ok(restarted?.type === "restarted");
  const { times, restarts, exitCode, signal, reason } = restarted;
  deepStrictEqual([restarted.container, times, restarts, exitCode, signal, reason], [
    "worker",
    2,
    2,
    139,
    11,
    "Error",
  ]);
});

Deno.test("podEvents() tells each container that was restarted", () => {
  const status = up(true);
  const both = {
    ...status,
    initContainerStatuses: [container(STARTED, { name: "sidecar", restartCount: 1 })],
    containerStatuses: [container(STARTED, { restartCount: 3, ready: true })],
  };
  const events = podEvents(READY, pod({ status: both }));
  deepStrictEqual(types(events), ["restarted", "restarted", "ready"]);
  deepStrictEqual(events.flatMap((e) => e.type === "restarted" ? [[e.container, e.times]] : []), [
    ["sidecar", 1],
    ["worker", 3],
  ]);
});

Deno.test("podEvents() stays unready until it is ready again, whatever else changes", () => {
  const unready = pod({ status: up(false) });
  deepStrictEqual(types(podEvents(READY, unready)), ["unready"]);
  const labeled = pod({ status: up(false), label: "b" });
  deepStrictEqual(types(podEvents(unready, labeled, { lastType: "unready" })), ["unready"]);
  deepStrictEqual(types(podEvents(labeled, READY, { lastType: "unready" })), ["ready"]);
});

Deno.test("podEvents() tells nothing when nothing changed, and the same again when replayed", () => {
  deepStrictEqual(podEvents(READY, pod({ status: up(true) })), []);
  const replayed = podEvents(READY, pod({ status: up(true) }), { replayed: true });
  deepStrictEqual([types(replayed), replayed[0]!.replayed], [["ready"], true]);
});

Deno.test("podEvents() tells what happened during an outage though it is replayed", () => {
  const after = pod({ status: up(true, { restartCount: 1 }) });
  const events = podEvents(READY, after, { replayed: true });
  deepStrictEqual(types(events), ["restarted", "ready"]);
  ok(events.every((e) => e.replayed));
});

Deno.test("podEvents() takes a pod of the same name for another one", () => {
  const other = pod({ uid: "v", status: up(true, { restartCount: 1 }) });
  deepStrictEqual(types(podEvents(READY, other, { replayed: true })), ["ready"]);
});

Deno.test("podEvents() tells a deletion and nothing else", () => {
  const gone = podState(pod({ status: up(true, { restartCount: 5 }) }).source, { deleted: true });
  deepStrictEqual(types(podEvents(PENDING, gone, { deleted: true })), ["deleted"]);
});

Deno.test("podEvents() tells a whole life, however its states are merged", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = seededRandom(seed);
    let before: PodState | undefined;
    let lastType: PodEventType | undefined;
    let restarts = 0;
    for (const moment of podLife(random)) {
      const { deleted = false } = moment;
      if (!deleted && random() < 0.3) continue; // merged with what comes next
      const after = podState(moment.pod, { deleted });
      const about = `seed ${seed}, version ${moment.pod.metadata!.resourceVersion}`;
      const events = podEvents(before, after, { deleted, lastType });
      if (events.length === 0) {
        ok(before && sameState(before, after), about);
        continue;
      }
      for (const event of events) {
        podEventSchema.parse(event);
        strictEqual(event.replayed, false);
        if (event.type === "restarted") restarts += event.times;
        if (event.type === "failing") strictEqual(event.failure, moment.failure, about);
      }
      ok(moment.types.includes(events.at(-1)!.type), `${about}: ${types(events)}`);
      // a pod that its node evicts may lose what is known of its containers
      if (!deleted && after.phase !== "Failed") strictEqual(restarts, after.restarts, about);
      for (const [i, event] of events.entries()) {
        ok(event.type === "restarted" || event.type !== events[i - 1]?.type, about);
      }
      lastType = events.at(-1)!.type;
      if (deleted) break;
      deepStrictEqual(podEvents(after, podState(moment.pod), { lastType }), [], about);
      const again = podEvents(after, podState(moment.pod), { lastType, replayed: true });
      deepStrictEqual(again.map((e) => [e.type, e.replayed]), [[lastType, true]], about);
      before = after;
    }
    strictEqual(lastType, "deleted", `seed ${seed}`);
  }
});
