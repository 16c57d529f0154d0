import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import type { Service, ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Role, RoleBinding } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import {
  CRON_JOBS,
  CRON_JOBS_V1BETA1,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  type KubeObject,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  type WritableKind,
} from "../kube/mod.ts";

/** The object that a workload consists of; what else there is belongs to it. */
export type Head =
  | Deployment & { apiVersion: "apps/v1"; kind: "Deployment" }
  | StatefulSet & { apiVersion: "apps/v1"; kind: "StatefulSet" }
  | DaemonSet & { apiVersion: "apps/v1"; kind: "DaemonSet" }
  | Job & { apiVersion: "batch/v1"; kind: "Job" }
  | CronJob & { apiVersion: "batch/v1"; kind: "CronJob" };

/** What belongs to a head. Told apart by `kind`. */
export type Part =
  | ServiceAccount & { apiVersion: "v1"; kind: "ServiceAccount" }
  | Service & { apiVersion: "v1"; kind: "Service" }
  | Role & { apiVersion: "rbac.authorization.k8s.io/v1"; kind: "Role" }
  | RoleBinding & { apiVersion: "rbac.authorization.k8s.io/v1"; kind: "RoleBinding" };

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

/** How parts are read and written, by kind. */
export const PART_KINDS: Readonly<Record<Part["kind"], WritableKind<Part>>> = {
  ServiceAccount: asPart(SERVICE_ACCOUNTS),
  Service: asPart(SERVICES),
  Role: asPart(ROLES),
  RoleBinding: asPart(ROLE_BINDINGS),
};

/** Whether an object is of one of the kinds of heads. */
export function isHead(object: KubeObject): object is Head {
  return object.kind !== undefined && object.kind in HEAD_KINDS;
}

/** What reads and writes one kind takes any head: no caller hands it one of another kind. */
function asHead<T extends KubeObject>(kind: WritableKind<T>): WritableKind<Head> {
  return kind as unknown as WritableKind<Head>;
}

/** Likewise for parts. */
function asPart<T extends KubeObject>(kind: WritableKind<T>): WritableKind<Part> {
  return kind as unknown as WritableKind<Part>;
}
