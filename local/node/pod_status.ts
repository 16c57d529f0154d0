/** The status that the API shows of a pod, derived from its state. */
import type {
  ContainerState as ContainerStateObject,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from "@cloudydeno/kubernetes-apis/core/v1";
import { containerSpec, initFailed, isSidecar } from "./pod_rules.ts";
import type { ContainerState, PodState, Terminated } from "./pod_state.ts";

/** What a status needs beside the pod's state. */
export interface StatusContext {
  readonly pod: Pod;
  /** Wall time, for conditions that change now. */
  readonly date: Date;
  readonly hostIP: string;
  /** Undefined until the pod has an address. */
  readonly podIP?: string;
  /** The conditions told before: what did not change keeps its transition time. */
  readonly previous?: readonly PodCondition[] | null;
}

/** The phase of a pod. */
export function podPhase(
  state: PodState,
  pod: Pod,
): "Pending" | "Running" | "Succeeded" | "Failed" {
  if (state.finished || (state.failed && !state.main.some((one) => one.now.is === "running"))) {
    if (state.failed || initFailed(state, pod)) return "Failed";
    const good = state.main.every((one) => one.now.is === "terminated" && one.now.code === 0);
    return good ? "Succeeded" : "Failed";
  }
  const initialized = state.init.every((one) => initDone(one, pod));
  const everRan = (one: ContainerState) =>
    one.now.is === "running" || one.now.is === "terminated" || one.last !== undefined;
  return initialized && state.main.every(everRan) ? "Running" : "Pending";
}

/** The whole status. */
export function podStatus(state: PodState, context: StatusContext): PodStatus {
  const { pod, podIP, hostIP } = context;
  const phase = podPhase(state, pod);
  return {
    phase,
    // Null, not undefined: in a patch, null is what takes an earlier value away.
    reason: state.failed?.reason ?? null,
    message: state.failed?.message ?? null,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: podIP === undefined ? undefined : [{ ip: podIP }],
    startTime: wholeSeconds(state.startTime),
    conditions: conditions(state, { ...context, phase }),
    ...(state.init.length > 0 && {
      initContainerStatuses: state.init.map((one) => containerStatus(one, pod)),
    }),
    containerStatuses: state.main.map((one) => containerStatus(one, pod)),
  };
}

/** Whether a pod is ready: its containers, and the conditions that its gates name. */
export function isReady(state: PodState, pod: Pod): boolean {
  return unready(state).length === 0 && missingGates(pod).length === 0 && !state.finished;
}

/** A time as the API keeps it. */
export function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function initDone(container: ContainerState, pod: Pod): boolean {
  const { now } = container;
  if (isSidecar(pod, container.name)) return now.is === "running" && now.started;
  return now.is === "terminated" && now.code === 0;
}

function unready(state: PodState): string[] {
  return state.main
    .filter((one) => !(one.now.is === "running" && one.now.ready))
    .map((one) => one.name);
}

function missingGates(pod: Pod): string[] {
  const gates = (pod.spec?.readinessGates ?? []).map((gate) => gate.conditionType);
  const isTrue = (type: string) =>
    pod.status?.conditions?.some((one) => one.type === type && one.status === "True");
  return gates.filter((type) => !isTrue(type));
}

type Draft = Pick<PodCondition, "type" | "status" | "reason" | "message">;

function conditions(
  state: PodState,
  context: StatusContext & { phase: string },
): PodCondition[] {
  const { pod, phase, podIP, date } = context;
  const incomplete = state.init.filter((one) => !initDone(one, pod)).map((one) => one.name);
  const initialized = incomplete.length === 0 || state.main.some((one) => one.attempts > 0);
  const unreadyNames = unready(state);
  const containers: Draft = phase === "Succeeded"
    ? { type: "ContainersReady", status: "False", reason: "PodCompleted" }
    : phase === "Failed"
    ? { type: "ContainersReady", status: "False", reason: "PodFailed" }
    : unreadyNames.length > 0
    ? {
      type: "ContainersReady",
      status: "False",
      reason: "ContainersNotReady",
      message: `containers with unready status: [${unreadyNames.join(" ")}]`,
    }
    : { type: "ContainersReady", status: "True" };
  const gates = missingGates(pod);
  const ready: Draft = containers.status === "True" && gates.length > 0
    ? {
      type: "Ready",
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: `conditions not true: [${gates.join(" ")}]`,
    }
    : { ...containers, type: "Ready" };
  const drafts: Draft[] = [
    {
      type: "PodReadyToStartContainers",
      status: podIP !== undefined && !state.finished ? "True" : "False",
    },
    initialized
      ? {
        type: "Initialized",
        status: "True",
        reason: phase === "Succeeded" ? "PodCompleted" : undefined,
      }
      : {
        type: "Initialized",
        status: "False",
        reason: "ContainersNotInitialized",
        message: `containers with incomplete status: [${incomplete.join(" ")}]`,
      },
    ready,
    containers,
    { type: "PodScheduled", status: "True" },
  ];
  return drafts.map((draft) => {
    const before = context.previous?.find((one) => one.type === draft.type);
    const since = before?.status === draft.status ? before.lastTransitionTime : undefined;
    const { type, status, reason = null, message = null } = draft;
    return { type, status, reason, message, lastTransitionTime: since ?? wholeSeconds(date) };
  });
}

function containerStatus(container: ContainerState, pod: Pod): ContainerStatus {
  const { name, now, last, attempts } = container;
  const image = containerSpec(pod, name)?.image ?? "";
  const running = now.is === "running" ? now : undefined;
  // While the next attempt is being started, the one before is what there is to see.
  const shown = now.is === "starting" ? now.blocked ?? last ?? creating(container, pod) : now;
  const before = now.is === "starting" ? undefined : last;
  const id = running?.id ?? (shown.is === "terminated" ? shown.id : undefined) ?? last?.id;
  return {
    name,
    image,
    imageID: attempts > 0 ? image : "",
    containerID: id,
    ready: running?.ready ?? (isInit(pod, name) && now.is === "terminated" && now.code === 0),
    started: running?.started ?? false,
    restartCount: Math.max(0, attempts - 1),
    state: stateObject(shown),
    lastState: before === undefined || before === shown ? {} : stateObject(before),
  };
}

function creating(container: ContainerState, pod: Pod): ContainerState["now"] {
  const reason = isInit(pod, container.name) ? "PodInitializing" : "ContainerCreating";
  return { is: "waiting", reason };
}

function isInit(pod: Pod, name: string): boolean {
  return pod.spec?.initContainers?.some((one) => one.name === name) ?? false;
}

function stateObject(state: ContainerState["now"] | Terminated): ContainerStateObject {
  switch (state.is) {
    case "waiting":
      return { waiting: { reason: state.reason, message: state.message } };
    case "starting":
      return { waiting: { reason: "ContainerCreating" } };
    case "running":
      return { running: { startedAt: wholeSeconds(state.startedAt) } };
    case "terminated":
      return {
        terminated: {
          exitCode: state.code,
          signal: state.signal,
          reason: state.reason,
          message: state.message,
          startedAt: state.startedAt && wholeSeconds(state.startedAt),
          finishedAt: wholeSeconds(state.finishedAt),
          containerID: state.id,
        },
      };
  }
}

/** Whether every container of a pod ended for good, as told by a status. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
