import {
  type ConfigMap,
  type Event,
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
  type Deployment,
  type ReplicaSet,
  toDeployment,
  toReplicaSet,
} from "@cloudydeno/kubernetes-apis/apps/v1";
import { type Lease, toLease } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import {
  type EndpointSlice,
  toEndpointSlice,
} from "@cloudydeno/kubernetes-apis/discovery.k8s.io/v1";
import {
  type Role,
  type RoleBinding,
  toRole,
  toRoleBinding,
} from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import type { ResourceKind } from "./resource_kind.ts";

const CORE = { apiVersion: "v1", namespaced: true } as const;
const APPS = { apiVersion: "apps/v1", namespaced: true } as const;
const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1", namespaced: true } as const;

/** Pods. */
export const PODS: ResourceKind<Pod> = { ...CORE, kind: "Pod", plural: "pods", decode: toPod };

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
export const SERVICES: ResourceKind<Service> = {
  ...CORE,
  kind: "Service",
  plural: "services",
  decode: toService,
};

/** Service accounts. */
export const SERVICE_ACCOUNTS: ResourceKind<ServiceAccount> = {
  ...CORE,
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  decode: toServiceAccount,
};

/** Config maps. */
export const CONFIG_MAPS: ResourceKind<ConfigMap> = {
  ...CORE,
  kind: "ConfigMap",
  plural: "configmaps",
  decode: toConfigMap,
};

/** Secrets. */
export const SECRETS: ResourceKind<Secret> = {
  ...CORE,
  kind: "Secret",
  plural: "secrets",
  decode: toSecret,
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
export const DEPLOYMENTS: ResourceKind<Deployment> = {
  ...APPS,
  kind: "Deployment",
  plural: "deployments",
  decode: toDeployment,
};

/** Replica sets. */
export const REPLICA_SETS: ResourceKind<ReplicaSet> = {
  ...APPS,
  kind: "ReplicaSet",
  plural: "replicasets",
  decode: toReplicaSet,
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
export const ROLES: ResourceKind<Role> = { ...RBAC, kind: "Role", plural: "roles", decode: toRole };

/** Role bindings. */
export const ROLE_BINDINGS: ResourceKind<RoleBinding> = {
  ...RBAC,
  kind: "RoleBinding",
  plural: "rolebindings",
  decode: toRoleBinding,
};
