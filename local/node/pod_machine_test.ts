import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Container, Pod, PodSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import { adoptedState } from "./adoption.ts";
import { KUBELET_BACKOFF } from "./backoff.ts";
import { step, type StepContext } from "./pod_machine.ts";
import type { PodEffect, PodInput, PodState } from "./pod_state.ts";
import { isReady, podPhase, podStatus } from "./pod_status.ts";

/** A pod whose life is stepped through; effects are noted as short texts, events left out. */
class Life {
  pod: Pod;
  state: PodState;
  now = 0;
  after: number | undefined;
  events: string[] = [];

  constructor(spec: Partial<PodSpec>, more: Partial<Pod> = {}) {
    const main: Container = { name: "main", image: "x" };
    this.pod = {
      metadata: { name: "a", namespace: "default", uid: "1" },
      spec: { containers: [main], ...spec },
      ...more,
    };
    this.state = adoptedState(this.#context());
  }

  /** Feeds one input and returns the effects. */
  feed(input: PodInput): string[] {
    const { state, effects, after } = step(this.state, input, this.#context());
    this.state = state;
    this.after = after;
    this.events.push(...effects.flatMap((one) => one.do === "event" ? [one.reason] : []));
    return effects.filter((one) => one.do !== "event").map(text);
  }

  look(): string[] {
    return this.feed({ type: "look" });
  }

  started(container = "main", waits = false): string[] {
    const startedAt = this.#context().date;
    return this.feed({ type: "started", container, id: "x://1", startedAt, waits });
  }

  exited(code: number, container = "main"): string[] {
    return this.feed({ type: "exited", container, code, finishedAt: this.#context().date });
  }

  probed(probe: "startup" | "readiness" | "liveness", ok: boolean): string[] {
    return this.feed({ type: "probed", container: "main", probe, ok });
  }

  /** Lets the time pass that the machine asked for. */
  wait(): string[] {
    this.now += this.after!;
    return this.look();
  }

  deleted(grace = 30): string[] {
    this.pod = {
      ...this.pod,
      metadata: {
        ...this.pod.metadata,
        deletionTimestamp: new Date(0),
        deletionGracePeriodSeconds: grace,
      },
    };
    return this.look();
  }

  get phase(): string {
    return podPhase(this.state, this.pod);
  }

  /** State and reason of a container as the API shows it. */
  shown(index = 0): string {
    const { state } = this.status().containerStatuses![index]!;
    const [[kind, value]] = Object.entries(state!) as [[string, { reason?: string }]];
    return [kind, value.reason].filter(Boolean).join(" ");
  }

  status() {
    const { date } = this.#context();
    return podStatus(this.state, { pod: this.pod, date, hostIP: "127.1.0.1", podIP: "127.1.0.2" });
  }

  #context(): StepContext {
    const date = new Date(Date.UTC(2030, 0, 1) + this.now);
    return { pod: this.pod, now: this.now, date, backoff: KUBELET_BACKOFF };
  }
}

function text(effect: PodEffect): string {
  const { do: verb, ...rest } = effect;
  return [verb, ...Object.values(rest)].join(" ");
}

const PROBE = { httpGet: { port: 80 } };

Deno.test("step() starts all containers together when the pod is new", () => {
  const life = new Life({ containers: [{ name: "a" }, { name: "b" }] });
  deepStrictEqual(life.look(), ["start a 0", "start b 0"]);
  strictEqual(life.phase, "Pending");
  strictEqual(life.shown(), "waiting ContainerCreating");
  life.started("a");
  strictEqual(life.phase, "Pending");
  life.started("b");
  strictEqual(life.phase, "Running");
  ok(isReady(life.state, life.pod));
});

Deno.test("step() starts init containers one after another, before the others", () => {
  const life = new Life({ initContainers: [{ name: "i" }, { name: "j" }] });
  deepStrictEqual(life.look(), ["start i 0"]);
  strictEqual(life.shown(), "waiting PodInitializing");
  life.started("i");
  strictEqual(life.phase, "Pending");
  deepStrictEqual(life.exited(0, "i"), ["start j 0"]);
  life.started("j");
  deepStrictEqual(life.exited(0, "j"), ["start main 0"]);
  life.started();
  strictEqual(life.phase, "Running");
  const initialized = life.status().conditions!.find((one) => one.type === "Initialized");
  strictEqual(initialized?.status, "True");
});

Deno.test("step() tries a failed init container again unless the policy is Never", () => {
  const again = new Life({ initContainers: [{ name: "i" }] });
  again.look();
  again.started("i");
  deepStrictEqual(again.exited(1, "i"), ["start i 1"]);
  const never = new Life({ initContainers: [{ name: "i" }], restartPolicy: "Never" });
  never.look();
  never.started("i");
  deepStrictEqual(never.exited(1, "i"), ["finish"]);
  strictEqual(never.phase, "Failed");
});

Deno.test("step() lets a sidecar run beside the others and stops it after them", () => {
  const sidecar = { name: "s", restartPolicy: "Always" };
  const life = new Life({ initContainers: [sidecar], restartPolicy: "Never" });
  deepStrictEqual(life.look(), ["start s 0"]);
  deepStrictEqual(life.started("s"), ["start main 0"]);
  life.started();
  deepStrictEqual(life.exited(0), ["stop s 30000"]);
  deepStrictEqual(life.exited(0, "s"), ["finish"]);
  strictEqual(life.phase, "Succeeded");
});

Deno.test("step() restarts at once, then after 10 s doubling to 5 min, when a container crashes", () => {
  const life = new Life({});
  life.look();
  life.started();
  deepStrictEqual(life.exited(1), ["start main 1"]);
  const waits: number[] = [];
  for (let attempt = 1; attempt < 8; attempt++) {
    life.started();
    deepStrictEqual(life.exited(1), []);
    strictEqual(life.shown(), "waiting CrashLoopBackOff");
    waits.push(life.after! / 1000);
    deepStrictEqual(life.wait(), [`start main ${attempt + 1}`]);
  }
  deepStrictEqual(waits, [10, 20, 40, 80, 160, 300, 300]);
  strictEqual(life.phase, "Running");
  life.started();
  const status = life.status().containerStatuses![0]!;
  strictEqual(status.restartCount, 8);
  strictEqual(status.lastState?.terminated?.exitCode, 1);
  strictEqual(life.events.filter((one) => one === "BackOff").length, 7);
});

Deno.test("step() forgets the back-off when an attempt ran for 10 min", () => {
  const life = new Life({});
  life.look();
  life.started();
  life.exited(1);
  life.started();
  life.exited(1);
  life.wait();
  life.started();
  life.now += 600_000;
  deepStrictEqual(life.exited(1), ["start main 3"]);
});

for (
  const [policy, code, restarts, phase] of [
    ["Always", 0, true, "Running"],
    ["Always", 1, true, "Running"],
    ["OnFailure", 0, false, "Succeeded"],
    ["OnFailure", 1, true, "Running"],
    ["Never", 0, false, "Succeeded"],
    ["Never", 1, false, "Failed"],
  ] as const
) {
  Deno.test(`step() ${restarts ? "restarts" : "ends"} when the code is ${code}, policy ${policy}`, () => {
    const life = new Life({ restartPolicy: policy });
    life.look();
    life.started();
    deepStrictEqual(life.exited(code), restarts ? ["start main 1"] : ["finish"]);
    strictEqual(life.phase, phase);
    strictEqual(life.shown(), `terminated ${code === 0 ? "Completed" : "Error"}`);
  });
}

Deno.test("step() stops containers with the deletion's grace, and finishes when they ended", () => {
  const life = new Life({});
  life.look();
  life.started();
  deepStrictEqual(life.deleted(7), ["stop main 7000"]);
  deepStrictEqual(life.deleted(7), []);
  deepStrictEqual(life.deleted(0), ["stop main 0"]);
  deepStrictEqual(life.exited(137), ["finish"]);
  deepStrictEqual(life.look(), []);
  strictEqual(life.phase, "Failed");
});

Deno.test("step() stops a container that starts while its pod is being deleted", () => {
  const life = new Life({});
  life.look();
  deepStrictEqual(life.deleted(5), []);
  deepStrictEqual(life.started(), ["stop main 5000"]);
  deepStrictEqual(life.exited(0), ["finish"]);
});

Deno.test("step() finishes at once when a pod is deleted before anything ran", () => {
  const life = new Life({});
  life.look();
  life.feed({ type: "blocked", container: "main", reason: "ErrImagePull", message: "x" });
  deepStrictEqual(life.deleted(30), ["finish"]);
});

Deno.test("step() waits and tries again when a container is blocked", () => {
  const life = new Life({});
  life.look();
  const blocked: PodInput = {
    type: "blocked",
    container: "main",
    reason: "ErrImagePull",
    message: "no",
    waitReason: "ImagePullBackOff",
  };
  deepStrictEqual(life.feed(blocked), []);
  strictEqual(life.shown(), "waiting ErrImagePull");
  strictEqual(life.after, 10_000);
  deepStrictEqual(life.wait(), ["start main 0"]);
  strictEqual(life.shown(), "waiting ErrImagePull"); // until the try is past it
  life.feed(blocked);
  strictEqual(life.shown(), "waiting ImagePullBackOff");
  strictEqual(life.after, 20_000);
  strictEqual(life.phase, "Pending");
});

Deno.test("step() takes a program that cannot run as an end with code 128", () => {
  const life = new Life({ restartPolicy: "Never" });
  life.look();
  const input: PodInput = { type: "start failed", container: "main", message: "no such file" };
  deepStrictEqual(life.feed(input), ["finish"]);
  strictEqual(life.shown(), "terminated StartError");
  strictEqual(life.status().containerStatuses![0]!.state?.terminated?.exitCode, 128);
  strictEqual(life.phase, "Failed");
});

Deno.test("step() is ready only while the readiness probe succeeds", () => {
  const life = new Life({ containers: [{ name: "main", readinessProbe: PROBE }] });
  life.look();
  deepStrictEqual(life.started("main", true), ["probe main readiness"]);
  ok(!isReady(life.state, life.pod));
  life.probed("readiness", true);
  ok(isReady(life.state, life.pod));
  life.probed("readiness", false);
  const ready = life.status().conditions!.find((one) => one.type === "Ready")!;
  strictEqual(ready.reason, "ContainersNotReady");
  strictEqual(ready.message, "containers with unready status: [main]");
});

Deno.test("step() asks for liveness and readiness only after the startup probe succeeded", () => {
  const main = { name: "main", startupProbe: PROBE, livenessProbe: PROBE, readinessProbe: PROBE };
  const life = new Life({ containers: [main] });
  life.look();
  deepStrictEqual(life.started("main", true), ["probe main startup"]);
  strictEqual(life.status().containerStatuses![0]!.started, false);
  deepStrictEqual(life.probed("startup", true), ["probe main readiness", "probe main liveness"]);
  strictEqual(life.status().containerStatuses![0]!.started, true);
});

Deno.test("step() restarts a container whose liveness probe fails", () => {
  const main = { name: "main", livenessProbe: { ...PROBE, terminationGracePeriodSeconds: 3 } };
  const life = new Life({ containers: [main] });
  life.look();
  deepStrictEqual(life.started(), ["probe main liveness"]);
  deepStrictEqual(life.probed("liveness", false), ["stop main 3000"]);
  deepStrictEqual(life.probed("liveness", false), []);
  deepStrictEqual(life.exited(143), ["start main 1"]);
  ok(life.events.includes("Killing"));
});

Deno.test("step() fails a pod that is active for longer than its deadline", () => {
  const life = new Life({ activeDeadlineSeconds: 60 });
  life.look();
  life.started();
  strictEqual(life.after, 60_000);
  deepStrictEqual(life.wait(), ["stop main 30000"]);
  deepStrictEqual(life.exited(0), ["finish"]);
  strictEqual(life.phase, "Failed");
  strictEqual(life.status().reason, "DeadlineExceeded");
});

for (const before of [undefined, 600]) {
  Deno.test(`step() fails a running pod whose deadline is set from ${before} to less`, () => {
    const life = new Life({ activeDeadlineSeconds: before });
    life.look();
    life.started();
    life.now += 20_000;
    life.pod = { ...life.pod, spec: { ...life.pod.spec!, activeDeadlineSeconds: 30 } };
    deepStrictEqual(life.look(), []);
    strictEqual(life.after, 10_000);
    life.pod = { ...life.pod, spec: { ...life.pod.spec!, activeDeadlineSeconds: 5 } };
    deepStrictEqual(life.look(), ["stop main 30000"]);
    deepStrictEqual(life.exited(0), ["finish"]);
    strictEqual(life.phase, "Failed");
    strictEqual(life.status().reason, "DeadlineExceeded");
  });
}

Deno.test("podStatus() waits for the conditions that readiness gates name", () => {
  const life = new Life({ readinessGates: [{ conditionType: "example.com/in" }] });
  life.look();
  life.started();
  const ready = life.status().conditions!.find((one) => one.type === "Ready")!;
  strictEqual(ready.reason, "ReadinessGatesNotReady");
  const conditions = [{ type: "example.com/in", status: "True" }];
  life.pod = { ...life.pod, status: { conditions } };
  ok(isReady(life.state, life.pod));
});

Deno.test("podStatus() keeps a condition's transition time while its status is the same", () => {
  const life = new Life({});
  life.look();
  const before = life.status().conditions!;
  life.now += 5000;
  life.started();
  const date = new Date(Date.UTC(2030, 0, 1) + life.now);
  const context = { pod: life.pod, date, hostIP: "h", podIP: "p", previous: before };
  const after = podStatus(life.state, context).conditions!;
  const moved = after.filter((one, i) => one.lastTransitionTime !== before[i]!.lastTransitionTime);
  deepStrictEqual(moved.map((one) => one.type), ["Ready", "ContainersReady"]);
});

Deno.test("adoptedState() takes what ran as ended, and what ended as it was", () => {
  const startedAt = new Date("2029-01-01T00:00:00Z");
  const of = (name: string, restartCount: number, state: object) => ({
    name,
    restartCount,
    state,
    lastState: {},
    image: "x",
    imageID: "x",
    ready: false,
  });
  const containers = ["ran", "done", "looped", "fresh"].map((name) => ({ name }));
  const looped = {
    ...of("looped", 3, { waiting: { reason: "CrashLoopBackOff" } }),
    lastState: { terminated: { exitCode: 4 } },
  };
  const life = new Life({ containers, restartPolicy: "OnFailure" }, {
    status: {
      phase: "Running",
      startTime: startedAt,
      containerStatuses: [
        of("ran", 1, { running: { startedAt } }),
        of("done", 0, { terminated: { exitCode: 0, reason: "Completed" } }),
        looped,
        of("fresh", 0, { waiting: { reason: "ContainerCreating" } }),
      ],
    },
  });
  deepStrictEqual(life.look(), ["start ran 2", "start looped 4", "start fresh 0"]);
  const statuses = life.status().containerStatuses!;
  strictEqual(statuses[0]!.state?.terminated?.reason, "ContainerStatusUnknown");
  strictEqual(statuses[1]!.state?.terminated?.exitCode, 0);
  strictEqual(life.status().startTime?.getTime(), startedAt.getTime());
  life.started("ran");
  strictEqual(life.status().containerStatuses![0]!.restartCount, 2);
});

Deno.test("adoptedState() fails a pod whose process is gone when its policy is Never", () => {
  const status = {
    name: "main",
    restartCount: 0,
    image: "x",
    imageID: "x",
    ready: true,
    state: { running: { startedAt: new Date() } },
  };
  const life = new Life({ restartPolicy: "Never" }, {
    status: { phase: "Running", containerStatuses: [status] },
  });
  deepStrictEqual(life.look(), ["finish"]);
  strictEqual(life.phase, "Failed");
});

Deno.test("adoptedState() leaves a pod alone that is over", () => {
  const status = {
    name: "main",
    restartCount: 0,
    image: "x",
    imageID: "x",
    ready: false,
    state: { terminated: { exitCode: 0 } },
  };
  const life = new Life({ restartPolicy: "Always" }, {
    status: { phase: "Succeeded", containerStatuses: [status] },
  });
  deepStrictEqual(life.look(), []);
  strictEqual(life.phase, "Succeeded");
});
