import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Happened } from "./happened.ts";

/** Where a pod is in its life, as Kubernetes names it. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** What keeps a pod from running, in one word for all that Kubernetes calls it. */
export type PodFailure =
  /** A container ends again and again; the node waits before it starts it anew. */
  | "CrashLoopBackOff"
  /** The image cannot be had: `ErrImagePull`, `InvalidImageName`, `ErrImageNeverPull` and so on. */
  | "ImagePullBackOff"
  /** A container used more memory than its limit. */
  | "OOMKilled"
  /** It was removed from its node: short of memory or disk, drained, or shut down. */
  | "Evicted"
  /** It made room for a pod of higher priority. */
  | "Preempted"
  /** Its node no longer answers, or is gone. */
  | "NodeLost"
  /** It ran longer than it may. */
  | "DeadlineExceeded"
  /** A container cannot be made or begun: a missing ConfigMap or Secret, a bad command. */
  | "ConfigError"
  /** The node refused it: no room, or labels that do not fit. */
  | "Rejected";

/** A pod as a coordinator sees it. */
export interface PodState {
  /** The pod's name. */
  readonly name: string;
  /** The pod's namespace. */
  readonly namespace: string;
  /** Identifies this pod, also when another one gets its name. */
  readonly uid: string;
  /** Name of the workload that it belongs to. */
  readonly workload: string;
  /** Name of the node it was placed on, once it was. */
  readonly node: string | undefined;
  /** Address of that node. */
  readonly hostIP: string | undefined;
  /** Address of the pod, once it has one. */
  readonly podIP: string | undefined;
  /** Port that the workload was given, if it was given one. */
  readonly port: number | undefined;
  /** Where the pod is in its life. */
  readonly phase: PodPhase;
  /**
   * Whether it can be talked to: its phase is `Running`, its node answers, it is not being
   * stopped, every container runs, and each container with a readiness probe (a worker with a
   * `port` has one) is ready.
   */
  readonly running: boolean;
  /** Whether Kubernetes counts it as ready, by its `Ready` condition. */
  readonly ready: boolean;
  /** Whether it is being deleted, or gone. */
  readonly terminating: boolean;
  /** What keeps it from running, if that is known to be more than a matter of time. */
  readonly failure: PodFailure | undefined;
  /** Why it is not running, in Kubernetes' word, such as `ErrImagePull`. */
  readonly reason: string | undefined;
  /** The same for people. */
  readonly message: string | undefined;
  /** How often its containers were restarted. */
  readonly restarts: number;
  /** Exit code of the container that ended last, if one has ended. */
  readonly exitCode: number | undefined;
  /** Number of the signal that ended that container, such as 9, if one did. */
  readonly signal: number | undefined;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** The object this was read from. */
  readonly source: Pod;
}

/** What all events of pods have. */
export interface PodEventFields extends PodState, Happened {
  /** Tells the events of {@linkcode CoordinatorEvents} apart. */
  readonly kind: "Pod";
}

/** It has no node yet; `reason` and `message` say why, if the scheduler has said it. */
export interface PodPendingEvent extends PodEventFields {
  /** What happened. */
  readonly type: "pending";
}

/** It was given a node, which has not begun with it. */
export interface PodScheduledEvent extends PodEventFields {
  /** What happened. */
  readonly type: "scheduled";
  /** The node. */
  readonly node: string;
}

/** Its node prepares it, or it runs and no readiness probe has succeeded yet. */
export interface PodStartingEvent extends PodEventFields {
  /** What happened. */
  readonly type: "starting";
}

/** It can be talked to, but Kubernetes does not count it as ready yet. */
export interface PodRunningEvent extends PodEventFields {
  /** What happened. */
  readonly type: "running";
}

/** Kubernetes counts it as ready. */
export interface PodReadyEvent extends PodEventFields {
  /** What happened. */
  readonly type: "ready";
  /** Always. */
  readonly ready: true;
}

/** It was ready and is not any more, or one of its containers ended and is about to start anew. */
export interface PodUnreadyEvent extends PodEventFields {
  /** What happened. */
  readonly type: "unready";
}

/** Something keeps it from running that does not pass by itself. */
export interface PodFailingEvent extends PodEventFields {
  /** What happened. */
  readonly type: "failing";
  /** What it is, in one word for all that Kubernetes calls it. */
  readonly failure: PodFailure;
  /** The same as `failure`. */
  readonly reason: PodFailure;
  /** Kubernetes' own word for it, such as `ErrImagePull`. */
  readonly problem: string;
  /** Name of the container that it is about, if it is about one. */
  readonly container: string | undefined;
}

/** A container was restarted; `exitCode`, `signal` and `reason` tell how the one before ended. */
export interface PodRestartedEvent extends PodEventFields {
  /** What happened. */
  readonly type: "restarted";
  /** Name of the container; with it the handle's `logs({ previous: true })` has its last lines. */
  readonly container: string;
  /** How often it was restarted since the last event that told it. */
  readonly times: number;
}

/** All its containers ended well, and none will be restarted. */
export interface PodSucceededEvent extends PodEventFields {
  /** What happened. */
  readonly type: "succeeded";
}

/** It ended, not well, and will not be restarted; `failure` says whether it was stopped. */
export interface PodFailedEvent extends PodEventFields {
  /** What happened. */
  readonly type: "failed";
}

/** It is being deleted; `failure` says if something forced that. */
export interface PodTerminatingEvent extends PodEventFields {
  /** What happened. */
  readonly type: "terminating";
}

/** It is gone; this is the last state that was known. */
export interface PodDeletedEvent extends PodEventFields {
  /** What happened. */
  readonly type: "deleted";
}

/** Something happened to a pod, told apart by `type`. Every event has all of the pod's state. */
export type PodEvent =
  | PodPendingEvent
  | PodScheduledEvent
  | PodStartingEvent
  | PodRunningEvent
  | PodReadyEvent
  | PodUnreadyEvent
  | PodFailingEvent
  | PodRestartedEvent
  | PodSucceededEvent
  | PodFailedEvent
  | PodTerminatingEvent
  | PodDeletedEvent;

/** What can happen to a pod. */
export type PodEventType = PodEvent["type"];
