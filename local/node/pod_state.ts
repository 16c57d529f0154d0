/**
 * What the agent knows of one pod, and what can happen to it: the words of `pod_machine.ts`.
 * Times that end in `At` are monotonic milliseconds of the agent's clock; `Date`s are wall time.
 */

/** Not started yet, or waiting for its next attempt. */
export interface Waiting {
  readonly is: "waiting";
  /** As in the status: `PodInitializing`, `CrashLoopBackOff`, `ImagePullBackOff`, … */
  readonly reason: string;
  readonly message?: string;
  /** Not before this time; as soon as its turn comes when absent. Next: starting. */
  readonly untilAt?: number;
}

/** The runtime was asked to start it. Next: running, terminated, or waiting when blocked. */
export interface Starting {
  readonly is: "starting";
  /** What blocked the try before, which is shown until this one is past it. */
  readonly blocked?: Waiting;
}

/** It runs. Next: terminated. */
export interface Running {
  readonly is: "running";
  readonly id: string;
  readonly startedAt: Date;
  readonly sinceAt: number;
  /** The startup probe has succeeded, or there is none. */
  readonly started: boolean;
  readonly ready: boolean;
  /** It was told to stop, with this grace (ms). */
  readonly stopGrace?: number;
}

/** It ended. Final when the pod ends or the policy says so; else next: waiting or starting. */
export interface Terminated {
  readonly is: "terminated";
  readonly code: number;
  readonly signal?: number;
  /** `Completed`, `Error`, `StartError`, `ContainerStatusUnknown`. */
  readonly reason: string;
  readonly message?: string;
  readonly startedAt?: Date;
  readonly finishedAt: Date;
  readonly id?: string;
}

/** One container of a pod. */
export interface ContainerState {
  readonly name: string;
  readonly now: Waiting | Starting | Running | Terminated;
  /** How the attempt before the present one ended. */
  readonly last?: Terminated;
  /** Attempts so far: the next one has this number, the present one this less one. */
  readonly attempts: number;
  /** The wait before the last restart; undefined before the first one. */
  readonly delay?: number;
  /** The wait before the last try to get past what blocked it (image, configuration). */
  readonly blockedDelay?: number;
}

/** One pod. */
export interface PodState {
  readonly init: readonly ContainerState[];
  readonly main: readonly ContainerState[];
  /** When the agent took the pod on. */
  readonly startTime: Date;
  readonly acceptedAt: number;
  /** The pod is to end, its containers with this grace (ms). */
  readonly stopping?: { readonly grace: number };
  /** Why the pod failed as a whole, such as `DeadlineExceeded`. */
  readonly failed?: { readonly reason: string; readonly message: string };
  /** The `finish` effect was given out. */
  readonly finished?: boolean;
}

/** Which probe. */
export type ProbeKind = "startup" | "readiness" | "liveness";

/** What happens to a pod. */
export type PodInput =
  /** Its object changed, time passed, or nothing did: look again. */
  | { readonly type: "look" }
  /** The agent shuts down. */
  | { readonly type: "shutdown"; readonly grace: number }
  /** The object is gone from the API. */
  | { readonly type: "vanished"; readonly grace: number }
  /** `waits`: it has a readiness to come, by probe or by the runtime. */
  | {
    readonly type: "started";
    readonly container: string;
    readonly id: string;
    readonly startedAt: Date;
    readonly waits: boolean;
  }
  /** Its program could not be run. */
  | { readonly type: "start failed"; readonly container: string; readonly message: string }
  /** It cannot be tried now: no image, a Secret missing. */
  | {
    readonly type: "blocked";
    readonly container: string;
    readonly reason: string;
    readonly message: string;
    /** Reason shown while waiting for the next try, when it differs. */
    readonly waitReason?: string;
    readonly waitMessage?: string;
  }
  | {
    readonly type: "exited";
    readonly container: string;
    readonly code: number;
    readonly signal?: number;
    readonly finishedAt: Date;
  }
  /** A probe crossed its threshold. */
  | {
    readonly type: "probed";
    readonly container: string;
    readonly probe: ProbeKind;
    readonly ok: boolean;
  };

/** What the agent must do. */
export type PodEffect =
  | { readonly do: "start"; readonly container: string; readonly attempt: number }
  /** SIGTERM, and SIGKILL after the grace (ms). Given again when the grace becomes shorter. */
  | { readonly do: "stop"; readonly container: string; readonly grace: number }
  | { readonly do: "probe"; readonly container: string; readonly probe: ProbeKind }
  | {
    readonly do: "event";
    readonly type: "Normal" | "Warning";
    readonly reason: string;
    readonly message: string;
    readonly container?: string;
  }
  /** Nothing runs any more and nothing will: report it for the last time. */
  | { readonly do: "finish" };

/** The container of that name. */
export function containerState(state: PodState, name: string): ContainerState | undefined {
  return state.init.find((one) => one.name === name) ??
    state.main.find((one) => one.name === name);
}

/** The state with one container replaced. */
export function withContainer(state: PodState, container: ContainerState): PodState {
  const replace = (list: readonly ContainerState[]) =>
    list.map((one) => one.name === container.name ? container : one);
  return { ...state, init: replace(state.init), main: replace(state.main) };
}
