import type { DaemonSet, Deployment, StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { CronJob, Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import type { Service, ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  type WritableKind,
} from "../../../kube/mod.ts";

/** The object that a workload consists of; its parts belong to it. Told apart by `kind`. */
export type Head =
  | Deployment & { apiVersion: "apps/v1"; kind: "Deployment" }
  | StatefulSet & { apiVersion: "apps/v1"; kind: "StatefulSet" }
  | DaemonSet & { apiVersion: "apps/v1"; kind: "DaemonSet" }
  | Job & { apiVersion: "batch/v1"; kind: "Job" }
  | CronJob & { apiVersion: "batch/v1"; kind: "CronJob" };

/** What a workload's head may be. */
export type HeadKind = Head["kind"];

/** What belongs to a head. Told apart by `kind`. */
export type Part =
  | ServiceAccount & { apiVersion: "v1"; kind: "ServiceAccount" }
  | Service & { apiVersion: "v1"; kind: "Service" };

// A writable kind takes its own objects only; who looks one up by an object's kind hands in those.
type AnyHeadKind = WritableKind<Head>;
type AnyPartKind = WritableKind<Part>;

/** The kinds of heads, by name. */
export const HEAD_KINDS: Readonly<Record<HeadKind, WritableKind<Head>>> = {
  Deployment: DEPLOYMENTS as unknown as AnyHeadKind,
  StatefulSet: STATEFUL_SETS as unknown as AnyHeadKind,
  DaemonSet: DAEMON_SETS as unknown as AnyHeadKind,
  Job: JOBS as unknown as AnyHeadKind,
  CronJob: CRON_JOBS as unknown as AnyHeadKind,
};

/** The kinds of parts, by name. */
export const PART_KINDS: Readonly<Record<Part["kind"], WritableKind<Part>>> = {
  ServiceAccount: SERVICE_ACCOUNTS as unknown as AnyPartKind,
  Service: SERVICES as unknown as AnyPartKind,
};
