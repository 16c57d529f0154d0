/** Objects that leave out all they can, and values in unusual forms. */

import type { GroupVersionKind, JsonObject } from "../mod.ts";

/** A sparse object. */
export interface SparseObject {
  gvk: GroupVersionKind;
  /** The collection's path. */
  path: string;
  object: JsonObject;
}

const TEMPLATE = {
  metadata: { labels: { app: "sparse" } },
  spec: { containers: [{ name: "main", image: "app" }] },
};
const WORKLOAD = { selector: { matchLabels: { app: "sparse" } }, template: TEMPLATE };

function sparse(apiVersion: string, kind: string, plural: string, rest: JsonObject): SparseObject {
  const [version, group = ""] = apiVersion.split("/").reverse() as [string, string?];
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return {
    gvk: { group, version, kind },
    path: `${root}/namespaces/default/${plural}`,
    object: { apiVersion, kind, metadata: { name: "sparse", namespace: "default" }, ...rest },
  };
}

/** Sparse objects of all kinds. */
export const SPARSE_OBJECTS: readonly SparseObject[] = [
  sparse("v1", "Pod", "pods", {
    spec: {
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists" }],
      hostNetwork: false,
      containers: [
        {
          name: "main",
          image: "registry.example.com:5000/app",
          env: [
            { name: "EMPTY", value: "" },
            { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          ports: [{ containerPort: 80 }, { containerPort: 81, protocol: "UDP", hostPort: 0 }],
          resources: { limits: { cpu: "0.5", memory: "1024Mi" }, requests: { cpu: 0.1 } },
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { exec: { command: ["true"] }, initialDelaySeconds: 0 },
          lifecycle: { preStop: { httpGet: { port: "web" } } },
          volumeMounts: [{ name: "empty", mountPath: "/e", readOnly: false }],
        },
        { name: "pinned", image: "app:1.2" },
        { name: "digest", image: `app@sha256:${"0".repeat(64)}` },
      ],
      initContainers: [{ name: "init", image: "app:latest" }],
      volumes: [
        { name: "empty" },
        { name: "config", configMap: { name: "x" } },
        { name: "secret", secret: { secretName: "x", optional: false } },
        {
          name: "down",
          downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.name" } }] },
        },
        {
          name: "all",
          projected: {
            sources: [{ configMap: { name: "x" } }, { serviceAccountToken: { path: "t" } }],
          },
        },
        { name: "host", hostPath: { path: "/x" } },
        { name: "sized", emptyDir: { sizeLimit: "2000M" } },
      ],
    },
  }),
  sparse("v1", "Service", "services", {
    spec: { ports: [{ port: 80 }], sessionAffinity: "ClientIP" },
  }),
  sparse("v1", "ConfigMap", "configmaps", { data: {}, immutable: false }),
  sparse("v1", "Secret", "secrets", { stringData: { a: "grüße" }, data: { b: "AA==" } }),
  sparse("v1", "ServiceAccount", "serviceaccounts", { automountServiceAccountToken: false }),
  sparse("v1", "Endpoints", "endpoints", {
    subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }],
  }),
  sparse("v1", "PodTemplate", "podtemplates", { template: TEMPLATE }),
  sparse("v1", "Event", "events", {
    involvedObject: { kind: "Pod", name: "x", namespace: "default" },
    lastTimestamp: "2026-01-02T03:04:05.678+01:00",
  }),
  sparse("apps/v1", "Deployment", "deployments", { spec: { replicas: 0, ...WORKLOAD } }),
  sparse("apps/v1", "ReplicaSet", "replicasets", { spec: { replicas: 0, ...WORKLOAD } }),
  sparse("apps/v1", "StatefulSet", "statefulsets", {
    spec: { replicas: 0, serviceName: "x", ...WORKLOAD },
  }),
  sparse("apps/v1", "DaemonSet", "daemonsets", { spec: WORKLOAD }),
  sparse("apps/v1", "ControllerRevision", "controllerrevisions", { data: { a: 1 }, revision: 1 }),
  sparse("coordination.k8s.io/v1", "Lease", "leases", {
    spec: {
      holderIdentity: "",
      renewTime: "2026-01-02T03:04:05.600000+01:00",
      leaseTransitions: 0,
    },
  }),
  sparse("rbac.authorization.k8s.io/v1", "Role", "roles", {
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"], resourceNames: [] }],
  }),
  sparse("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", {
    roleRef: { kind: "Role", name: "x", apiGroup: "rbac.authorization.k8s.io" },
    subjects: [{ kind: "User", name: "x" }, { kind: "ServiceAccount", name: "y" }],
  }),
];
