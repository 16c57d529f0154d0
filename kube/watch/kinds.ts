import type { JSONObject } from "@cloudydeno/kubernetes-client";
import {
  type ConfigMap,
  type Event,
  fromConfigMap,
  fromPod,
  fromSecret,
  fromService,
  fromServiceAccount,
  type Namespace,
  type Node,
  type Pod,
  type Secret,
  type Service,
  type ServiceAccount,
  toConfigMap,
  toEvent,
  toNamespace,
  toNode,
  toPod,
  toSecret,
  toService,
  toServiceAccount,
} from "@cloudydeno/kubernetes-apis/core/v1";
import {
  type DaemonSet,
  type Deployment,
  fromDaemonSet,
  fromDeployment,
  fromStatefulSet,
  type ReplicaSet,
  type StatefulSet,
  toDaemonSet,
  toDeployment,
  toReplicaSet,
  toStatefulSet,
} from "@cloudydeno/kubernetes-apis/apps/v1";
import {
  type CronJob,
  fromCronJob,
  fromJob,
  type Job,
  toCronJob,
  toJob,
} from "@cloudydeno/kubernetes-apis/batch/v1";
import { type Lease, toLease } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import {
  type EndpointSlice,
  toEndpointSlice,
} from "@cloudydeno/kubernetes-apis/discovery.k8s.io/v1";
import {
  fromRole,
  fromRoleBinding,
  type Role,
  type RoleBinding,
  toRole,
  toRoleBinding,
} from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import type { ResourceKind, WritableKind } from "./resource_kind.ts";

const CORE = { apiVersion: "v1", namespaced: true } as const;
const APPS = { apiVersion: "apps/v1", namespaced: true } as const;
const BATCH = { apiVersion: "batch/v1", namespaced: true } as const;
const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: true } as const;

/** Pods. */
export const PODS: WritableKind<Pod> = {
  ...CORE,
  kind: "Pod",
  plural: "pods",
  decode: toPod,
  encode: fromPod,
};

/** Nodes; cluster-scoped. */
export const NODES: ResourceKind<Node> = {
  ...CORE,
  namespaced: false,
  kind: "Node",
  plural: "nodes",
  decode: toNode,
};

/** Namespaces; cluster-scoped. */
export const NAMESPACES: ResourceKind<Namespace> = {
  ...CORE,
  namespaced: false,
  kind: "Namespace",
  plural: "namespaces",
  decode: toNamespace,
};

/** Services. */
export const SERVICES: WritableKind<Service> = {
  ...CORE,
  kind: "Service",
  plural: "services",
  decode: toService,
  encode: fromService,
};

/** Service accounts. */
export const SERVICE_ACCOUNTS: WritableKind<ServiceAccount> = {
  ...CORE,
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  decode: toServiceAccount,
  encode: fromServiceAccount,
};

/** Config maps. */
export const CONFIG_MAPS: WritableKind<ConfigMap> = {
  ...CORE,
  kind: "ConfigMap",
  plural: "configmaps",
  decode: toConfigMap,
  encode: fromConfigMap,
};

/** Secrets. */
export const SECRETS: WritableKind<Secret> = {
  ...CORE,
  kind: "Secret",
  plural: "secrets",
  decode: toSecret,
  encode: fromSecret,
};

/** Events of the core group. */
export const EVENTS: ResourceKind<Event> = {
  ...CORE,
  kind: "Event",
  plural: "events",
  decode: toEvent,
};

/** Endpoint slices. */
export const ENDPOINT_SLICES: ResourceKind<EndpointSlice> = {
  apiVersion: "discovery.k8s.io/v1",
  namespaced: true,
  kind: "EndpointSlice",
  plural: "endpointslices",
  decode: toEndpointSlice,
};

/** Deployments. */
export const DEPLOYMENTS: WritableKind<Deployment> = {
  ...APPS,
  kind: "Deployment",
  plural: "deployments",
  decode: toDeployment,
  encode: fromDeployment,
};

/** Replica sets. */
export const REPLICA_SETS: ResourceKind<ReplicaSet> = {
  ...APPS,
  kind: "ReplicaSet",
  plural: "replicasets",
  decode: toReplicaSet,
};

/** Stateful sets. */
export const STATEFUL_SETS: WritableKind<StatefulSet> = {
  ...APPS,
  kind: "StatefulSet",
  plural: "statefulsets",
  decode: toStatefulSet,
  encode: fromStatefulSet,
};

/** Daemon sets. */
export const DAEMON_SETS: WritableKind<DaemonSet> = {
  ...APPS,
  kind: "DaemonSet",
  plural: "daemonsets",
  decode: toDaemonSet,
  encode: fromDaemonSet,
};

/** Jobs. */
export const JOBS: WritableKind<Job> = {
  ...BATCH,
  kind: "Job",
  plural: "jobs",
  decode: toJob,
  encode: fromJob,
};

/** Cron jobs. */
export const CRON_JOBS: WritableKind<CronJob> = {
  ...BATCH,
  kind: "CronJob",
  plural: "cronjobs",
  decode: toCronJob,
  encode: fromCronJob,
};

/** Cron jobs as Kubernetes before 1.21 serves them: the same object under another version. */
export const CRON_JOBS_V1BETA1: WritableKind<CronJob> = {
  ...CRON_JOBS,
  apiVersion: "batch/v1beta1",
  decode: (raw) => toCronJob({ ...raw as JSONObject, apiVersion: BATCH.apiVersion }),
  encode: (object) => ({ ...fromCronJob(object) as JSONObject, apiVersion: "batch/v1beta1" }),
};

/** Leases. */
export const LEASES: ResourceKind<Lease> = {
  apiVersion: "coordination.k8s.io/v1",
  namespaced: true,
  kind: "Lease",
  plural: "leases",
  decode: toLease,
};

/** Roles. */
export const ROLES: WritableKind<Role> = {
  ...RBAC,
  kind: "Role",
  plural: "roles",
  decode: toRole,
  encode: fromRole,
};

/** Role bindings. */
export const ROLE_BINDINGS: WritableKind<RoleBinding> = {
  ...RBAC,
  kind: "RoleBinding",
  plural: "rolebindings",
  decode: toRoleBinding,
  encode: fromRoleBinding,
};
