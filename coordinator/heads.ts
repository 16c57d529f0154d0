import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  STATEFUL_SETS,
  type WritableKind,
} from "../kube/mod.ts";

/** The object that a workload consists of; what else there is belongs to it. */
export type Head =
  | (Deployment & { kind: "Deployment" })
  | (StatefulSet & { kind: "StatefulSet" })
  | (DaemonSet & { kind: "DaemonSet" })
  | (Job & { kind: "Job" })
  | (CronJob & { kind: "CronJob" });

/** Names of the kinds of heads. */
export type HeadKind = Head["kind"];

/** How heads are read and written, by kind. */
export const HEAD_KINDS: Readonly<Record<HeadKind, WritableKind<Head>>> = {
  Deployment: DEPLOYMENTS as unknown as WritableKind<Head>,
  StatefulSet: STATEFUL_SETS as unknown as WritableKind<Head>,
  DaemonSet: DAEMON_SETS as unknown as WritableKind<Head>,
  Job: JOBS as unknown as WritableKind<Head>,
  CronJob: CRON_JOBS as unknown as WritableKind<Head>,
};
