import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import type { Happened } from "./happened.ts";

/** What the states of all kinds of workloads have. */
export interface HeadState {
  /** The object's name. */
  readonly name: string;
  /** The object's namespace. */
  readonly namespace: string;
  /** Identifies this object, also when another one gets its name. */
  readonly uid: string;
  /** Name of the workload that it is. */
  readonly workload: string;
  /** How many pods are wanted now. */
  readonly replicas: number;
  /** How many pods are ready. */
  readonly readyReplicas: number;
  /** How many pods are ready for long enough to be counted on. */
  readonly availableReplicas: number;
  /** How many pods are as last applied. */
  readonly updatedReplicas: number;
  /** Whether all that was last applied runs and is available, and nothing older is left. */
  readonly ready: boolean;
  /** Whether it has run to its end and succeeded, which only a Job does. */
  readonly complete: boolean;
  /** Whether Kubernetes says that it does not get on: too slow, refused, or failed for good. */
  readonly stalled: boolean;
  /** Why it is not ready, in one word, such as `ProgressDeadlineExceeded`. */
  readonly reason: string | undefined;
  /** The same for people. */
  readonly message: string | undefined;
  /** All labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A Deployment as a coordinator sees it: what runs until it is stopped. */
export interface DeploymentState extends HeadState {
  /** Which kind of object it is. */
  readonly kind: "Deployment";
  /** The object this was read from. */
  readonly source: Deployment;
}

/** A StatefulSet as a coordinator sees it: workers with an identity. */
export interface StatefulSetState extends HeadState {
  /** Which kind of object it is. */
  readonly kind: "StatefulSet";
  /** The object this was read from. */
  readonly source: StatefulSet;
}

/** A DaemonSet as a coordinator sees it: a worker on every node. */
export interface DaemonSetState extends HeadState {
  /** Which kind of object it is. */
  readonly kind: "DaemonSet";
  /** The object this was read from. */
  readonly source: DaemonSet;
}

/** A Job as a coordinator sees it: work that has an end. */
export interface JobState extends HeadState {
  /** Which kind of object it is. */
  readonly kind: "Job";
  /** How many pods have succeeded. */
  readonly succeeded: number;
  /** How many pods have failed. */
  readonly failed: number;
  /** How many pods are there that have not ended. */
  readonly active: number;
  /** When it completed. */
  readonly completed: Date | undefined;
  /** The object this was read from. */
  readonly source: Job;
}

/** A CronJob as a coordinator sees it: work on a schedule. */
export interface CronJobState extends HeadState {
  /** Which kind of object it is. */
  readonly kind: "CronJob";
  /** When it last began a job. */
  readonly lastSchedule: Date | undefined;
  /** How many of its jobs run. */
  readonly active: number;
  /** Whether it begins no more jobs for now. */
  readonly suspended: boolean;
  /** The object this was read from. */
  readonly source: CronJob;
}

/** A workload's object as a coordinator sees it, told apart by `kind`. */
export type WorkloadState =
  | DeploymentState
  | StatefulSetState
  | DaemonSetState
  | JobState
  | CronJobState;

/** What can happen to a workload. */
export type WorkloadEventType =
  /** It was made, and nothing of it is ready. */
  | "created"
  /** It is on its way to what was applied. */
  | "progressing"
  /** All that was applied runs. */
  | "ready"
  /** It was ready, and now fewer are available than are wanted. */
  | "degraded"
  /** It does not get on: `reason` and `message` say why. */
  | "stalled"
  /** It ran to its end and succeeded. */
  | "succeeded"
  /** It is gone; this is the last state that was known. */
  | "deleted";

/** What all events of workloads have beside their states. */
export interface WorkloadEventFields extends Happened {
  /** What happened. */
  readonly type: WorkloadEventType;
}

/** Something happened to a Deployment. */
export interface DeploymentEvent extends DeploymentState, WorkloadEventFields {}

/** Something happened to a StatefulSet. */
export interface StatefulSetEvent extends StatefulSetState, WorkloadEventFields {}

/** Something happened to a DaemonSet. */
export interface DaemonSetEvent extends DaemonSetState, WorkloadEventFields {}

/** Something happened to a Job. */
export interface JobEvent extends JobState, WorkloadEventFields {}

/** Something happened to a CronJob. */
export interface CronJobEvent extends CronJobState, WorkloadEventFields {}

/** Something happened to a workload, told apart by `kind` and then by `type`. */
export type WorkloadEvent =
  | DeploymentEvent
  | StatefulSetEvent
  | DaemonSetEvent
  | JobEvent
  | CronJobEvent;
