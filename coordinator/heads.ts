import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import {
  CRON_JOBS,
  CRON_JOBS_V1BETA1,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  type KubeObject,
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
export type HeadKinds = Readonly<Partial<Record<HeadKind, WritableKind<Head>>>>;

/** Every kind of head, as present versions of Kubernetes serve them. */
export const HEAD_KINDS: Readonly<Record<HeadKind, WritableKind<Head>>> = {
  Deployment: asHead(DEPLOYMENTS),
  StatefulSet: asHead(STATEFUL_SETS),
  DaemonSet: asHead(DAEMON_SETS),
  Job: asHead(JOBS),
  CronJob: asHead(CRON_JOBS),
};

/** What a kind was before, for servers that do not have it as it is now. */
export const FORMER_KINDS: HeadKinds = { CronJob: asHead(CRON_JOBS_V1BETA1) };

/** What reads and writes one kind takes any head: no caller hands it one of another kind. */
function asHead<T extends KubeObject>(kind: WritableKind<T>): WritableKind<Head> {
  return kind as unknown as WritableKind<Head>;
}
