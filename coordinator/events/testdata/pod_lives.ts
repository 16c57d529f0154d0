// Lives of pods as schedulers, kubelets and node controllers write them, by a seeded plan.
import { type Pod, toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { JSONObject, JSONValue } from "@cloudydeno/kubernetes-client";
import type { PodEventType, PodFailure } from "../events.ts";

/** One state of a life, and what a handler may be told of it. */
export interface Moment {
  readonly pod: Pod;
  /** Types that name this state. */
  readonly types: readonly PodEventType[];
  readonly failure?: PodFailure;
  readonly deleted?: boolean;
}

type Random = () => number;

/** What is written of a pod; each step changes some of it. */
class Draft {
  readonly #start = Date.UTC(2026, 0, 1);
  #seconds = 0;
  #ready: boolean | undefined;
  #since = "";
  version = 0;
  node = false;
  ending = false;
  label = 0;
  restarts = 0;
  status: JSONObject = { phase: "Pending" };
  last: JSONValue = null;

  now(): string {
    return new Date(this.#start + ++this.#seconds * 1000).toISOString();
  }

  container(state: JSONObject, ready = false): JSONObject {
    const more = this.last === null ? {} : { lastState: this.last };
    return {
      name: "worker",
      image: "w:1",
      imageID: "",
      ready,
      restartCount: this.restarts,
      state,
      ...more,
    };
  }

  conditions(ready: boolean, containersReady = ready): JSONObject[] {
    if (ready !== this.#ready) this.#since = this.now();
    this.#ready = ready;
    const lastTransitionTime = this.#since;
    const reason = ready || containersReady ? {} : { reason: "ContainersNotReady" };
    return [
      { type: "PodScheduled", status: "True", lastTransitionTime },
      { type: "Ready", status: ready ? "True" : "False", lastTransitionTime, ...reason },
      { type: "ContainersReady", status: containersReady ? "True" : "False", lastTransitionTime },
    ];
  }

  pod(): Pod {
    const metadata: JSONObject = {
      name: "w-1",
      namespace: "team",
      uid: "u",
      resourceVersion: String(++this.version),
      labels: { "troupe.dev/workload": "w", turn: String(this.label) },
      ...(this.ending && { deletionTimestamp: "2026-01-02T00:00:00Z" }),
    };
    const spec: JSONObject = {
      containers: [{ name: "worker", readinessProbe: { tcpSocket: { port: 80 } } }],
      ...(this.node && { nodeName: "n1" }),
    };
    return toPod({ metadata, spec, status: this.status });
  }
}

/** A whole life, from creation to deletion. */
export function podLife(random: Random): Moment[] {
  const draft = new Draft();
  const moments: Moment[] = [];
  const tell = (types: PodEventType[], failure?: PodFailure): void => {
    moments.push({ pod: draft.pod(), types, failure });
    if (random() < 0.1) { // somebody changes a label; all else stays
      draft.label++;
      moments.push({ pod: draft.pod(), types, failure });
    }
  };
  const pick = <T>(...items: T[]): T => items[Math.floor(random() * items.length)]!;
  const finish = (): Moment[] => [...moments, {
    pod: draft.pod(),
    types: ["deleted"],
    deleted: true,
  }];

  tell(["pending"]);
  while (random() < 0.3) {
    draft.status = {
      phase: "Pending",
      conditions: [{
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: `0/${moments.length} nodes are available`,
      }],
    };
    tell(["pending"]);
  }
  draft.node = true;
  draft.status = { phase: "Pending" };
  tell(["scheduled"]);
  if (random() < 0.05) {
    draft.status = { phase: "Failed", reason: pick("OutOfcpu", "NodeAffinity"), message: "no" };
    tell(["failed"], "Rejected");
    return finish();
  }
  const prepare = (waiting: JSONObject): void => {
    draft.status = {
      phase: "Pending",
      startTime: draft.now(),
      conditions: draft.conditions(false),
      containerStatuses: [draft.container({ waiting })],
    };
  };
  prepare({ reason: "ContainerCreating" });
  tell(["starting"]);
  while (random() < 0.2) {
    const image = random() < 0.7;
    prepare({
      reason: image
        ? pick("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
        : pick("CreateContainerConfigError", "RunContainerError"),
    });
    tell(["failing"], image ? "ImagePullBackOff" : "ConfigError");
  }

  let lost = false;
  const run = (ready: boolean, nodeLost = false): void => {
    lost = nodeLost;
    draft.status = {
      phase: "Running",
      podIP: "10.0.0.1",
      conditions: draft.conditions(ready, ready || nodeLost),
      containerStatuses: [
        draft.container({ running: { startedAt: startedAt } }, ready || nodeLost),
      ],
    };
  };
  let startedAt = draft.now();
  let wasReady = false;
  run(false);
  tell(["starting"]);
  for (let turns = Math.floor(random() * 12); turns > 0; turns--) {
    const step = random();
    if (step < 0.35) {
      run(true);
      wasReady = true;
      tell(["ready"]);
    } else if (step < 0.5) {
      run(false);
      tell(wasReady ? ["unready"] : ["starting", "unready"]);
    } else if (step < 0.75) { // it crashes, and is started again
      const oom = random() < 0.3;
      const exitCode = oom ? 137 : pick(1, 3, 143);
      const ended = {
        terminated: { exitCode, reason: oom ? "OOMKilled" : "Error", finishedAt: draft.now() },
      };
      lost = false;
      const crashed = (state: JSONObject): void => {
        draft.status = {
          phase: "Running",
          podIP: "10.0.0.1",
          conditions: draft.conditions(false),
          containerStatuses: [draft.container(state)],
        };
      };
      crashed(ended);
      tell(oom ? ["failing"] : ["unready"], oom ? "OOMKilled" : undefined);
      draft.last = ended;
      if (random() < 0.5) {
        crashed({ waiting: { reason: "CrashLoopBackOff", message: "back-off" } });
        tell(["failing"], oom ? "OOMKilled" : "CrashLoopBackOff");
      }
      draft.restarts++;
      startedAt = draft.now();
      wasReady = false;
      run(false);
      tell(["starting", "unready"]);
    } else if (step < 0.85 && wasReady) { // the node does not answer, and may come back
      run(false, true);
      tell(["failing"], "NodeLost");
      if (random() < 0.5) {
        run(true);
        tell(["ready"]);
      }
    } else if (step < 0.9) {
      draft.status = { phase: "Failed", reason: pick("Evicted", "DeadlineExceeded") };
      tell(["failed"], draft.status.reason as PodFailure);
      return finish();
    }
  }
  const end = random();
  if (end < 0.2) { // preempted
    const conditions = draft.status.conditions as JSONObject[];
    draft.status = {
      ...draft.status,
      conditions: [...conditions.filter(({ type }) => type !== "Ready"), {
        type: "DisruptionTarget",
        status: "True",
        reason: "PreemptionByScheduler",
      }],
    };
    draft.ending = true;
    tell(["terminating"], "Preempted");
  } else if (end < 0.8) {
    draft.ending = true;
    moments.push({
      pod: draft.pod(),
      types: ["terminating"],
      failure: lost ? "NodeLost" : undefined,
    });
  } else {
    const [phase, type] = pick(["Succeeded", "succeeded"] as const, ["Failed", "failed"] as const);
    const exitCode = phase === "Failed" ? 1 : 0;
    const state = { terminated: { exitCode, reason: exitCode ? "Error" : "Completed" } };
    draft.status = { phase, containerStatuses: [draft.container(state)] };
    tell([type]);
  }
  return finish();
}
