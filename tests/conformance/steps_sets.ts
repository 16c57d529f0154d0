/** Stateful sets, daemon sets, their revisions, and volumes: without anyone who acts on them. */
import type { Step } from "./step.ts";

const SETS = "/apis/apps/v1/namespaces/{ns}/statefulsets";
const DAEMONS = "/apis/apps/v1/namespaces/{ns}/daemonsets";
const REVISIONS = "/apis/apps/v1/namespaces/{ns}/controllerrevisions";
const CLAIMS = "/api/v1/namespaces/{ns}/persistentvolumeclaims";
const VOLUMES = "/api/v1/persistentvolumes";
const CLASSES = "/apis/storage.k8s.io/v1/storageclasses";
const MERGE = "application/merge-patch+json";

const TEMPLATE = {
  metadata: { labels: { app: "db" } },
  spec: {
    containers: [{
      name: "c",
      image: "example.com/db:1",
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    }],
  },
};
const CLAIM = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } };

/** Steps. */
export const SET_STEPS: Step[] = [
  {
    name: "stateful set: create",
    method: "POST",
    path: SETS,
    body: {
      metadata: { name: "db" },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: TEMPLATE,
      },
      status: { replicas: 7 },
    },
    save: { sVersion: "metadata.resourceVersion" },
  },
  {
    name: "stateful set: scale",
    method: "PATCH",
    path: `${SETS}/db/scale`,
    type: MERGE,
    body: { spec: { replicas: 3 } },
  },
  { name: "stateful set: get scale", path: `${SETS}/db/scale` },
  {
    name: "stateful set: status",
    method: "PATCH",
    path: `${SETS}/db/status`,
    type: MERGE,
    body: {
      spec: { replicas: 9 },
      status: { replicas: 1, readyReplicas: 1, currentRevision: "db-1", updateRevision: "db-2" },
    },
  },
  {
    name: "stateful set: an annotation makes no generation",
    method: "PATCH",
    path: `${SETS}/db`,
    type: MERGE,
    body: { metadata: { annotations: { a: "1" } } },
  },
  {
    name: "stateful set: partition and template",
    method: "PATCH",
    path: `${SETS}/db`,
    type: MERGE,
    body: {
      spec: {
        updateStrategy: { rollingUpdate: { partition: 1 } },
        template: { metadata: { annotations: { a: "1" } } },
      },
    },
  },
  {
    name: "stateful set: service name is immutable",
    method: "PATCH",
    path: `${SETS}/db`,
    type: MERGE,
    body: { spec: { serviceName: "other" } },
    compare: "reason",
    because: "newer servers name more fields that may change",
  },
  {
    name: "stateful set: claims are immutable",
    method: "PATCH",
    path: `${SETS}/db`,
    type: MERGE,
    body: { spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: CLAIM }] } },
    compare: "reason",
    because: "newer servers name more fields that may change",
  },
  {
    name: "stateful set: revision's data as a patch",
    method: "PATCH",
    path: `${SETS}/db`,
    type: "application/strategic-merge-patch+json",
    body: {
      spec: {
        template: {
          $patch: "replace",
          metadata: { labels: { app: "db" } },
          spec: { containers: [{ name: "other", image: "example.com/db:2" }] },
        },
      },
    },
  },
  { name: "stateful set: delete", method: "DELETE", path: `${SETS}/db` },
  {
    name: "daemon set: create",
    method: "POST",
    path: DAEMONS,
    body: {
      metadata: { name: "agent", annotations: { own: "1" } },
      spec: {
        selector: { matchLabels: { app: "db" } },
        template: { ...TEMPLATE, spec: { containers: [{ name: "c", image: "example.com/a:1" }] } },
      },
    },
  },
  {
    name: "daemon set: template",
    method: "PATCH",
    path: `${DAEMONS}/agent`,
    type: MERGE,
    body: { spec: { template: { metadata: { annotations: { a: "1" } } } } },
  },
  {
    name: "daemon set: strategy",
    method: "PATCH",
    path: `${DAEMONS}/agent`,
    type: MERGE,
    body: { spec: { minReadySeconds: 5 } },
  },
  {
    name: "daemon set: status",
    method: "PATCH",
    path: `${DAEMONS}/agent/status`,
    type: MERGE,
    body: { status: { desiredNumberScheduled: 1, observedGeneration: 2 } },
  },
  { name: "daemon set: has no scale", path: `${DAEMONS}/agent/scale`, compare: "code" },
  { name: "daemon set: delete", method: "DELETE", path: `${DAEMONS}/agent` },
  {
    name: "revision: create",
    method: "POST",
    path: REVISIONS,
    body: {
      metadata: { name: "r" },
      revision: 1,
      data: { spec: { template: { $patch: "replace", spec: { empty: {}, list: [] } } } },
    },
  },
  {
    name: "revision: number",
    method: "PATCH",
    path: `${REVISIONS}/r`,
    type: MERGE,
    body: { revision: 3 },
  },
  {
    name: "revision: data is immutable",
    method: "PATCH",
    path: `${REVISIONS}/r`,
    type: MERGE,
    body: { data: { spec: { other: 1 } } },
    compare: "reason",
    because: "the data is printed as Go prints it",
  },
  {
    name: "claim: create",
    method: "POST",
    path: CLAIMS,
    body: { metadata: { name: "c" }, spec: { ...CLAIM, storageClassName: "none" } },
  },
  {
    name: "claim: spec is immutable",
    method: "PATCH",
    path: `${CLAIMS}/c`,
    type: MERGE,
    body: { spec: { accessModes: ["ReadWriteMany"] } },
    compare: "reason",
    because: "newer servers print the difference",
  },
  {
    name: "claim: volume is set once",
    method: "PATCH",
    path: `${CLAIMS}/c`,
    type: MERGE,
    body: { spec: { volumeName: "v" } },
  },
  {
    name: "claim: volume is not changed",
    method: "PATCH",
    path: `${CLAIMS}/c`,
    type: MERGE,
    body: { spec: { volumeName: "w" } },
    compare: "reason",
    because: "newer servers print the difference",
  },
  {
    name: "claim: bound",
    method: "PATCH",
    path: `${CLAIMS}/c/status`,
    type: MERGE,
    body: { status: { phase: "Bound", capacity: { storage: "1Gi" } } },
  },
  { name: "claim: delete waits for its finalizer", method: "DELETE", path: `${CLAIMS}/c` },
  {
    name: "claim: finalizer removed",
    method: "PATCH",
    path: `${CLAIMS}/c`,
    type: MERGE,
    body: { metadata: { finalizers: null } },
  },
  { name: "claim: gone", path: `${CLAIMS}/c` },
  {
    name: "volume: create",
    method: "POST",
    path: VOLUMES,
    body: {
      metadata: { name: "{ns}" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        hostPath: { path: "/x" },
        storageClassName: "none",
      },
    },
  },
  { name: "volume: delete waits for its finalizer", method: "DELETE", path: `${VOLUMES}/{ns}` },
  {
    name: "volume: finalizer removed",
    method: "PATCH",
    path: `${VOLUMES}/{ns}`,
    type: MERGE,
    body: { metadata: { finalizers: null } },
  },
  {
    name: "class: create a default one",
    method: "POST",
    path: CLASSES,
    body: {
      metadata: {
        name: "{ns}",
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "example.com/p",
    },
  },
  {
    name: "claim: of the default class",
    method: "POST",
    path: CLAIMS,
    body: { metadata: { name: "d" }, spec: CLAIM },
    owners: true,
  },
  {
    name: "class: provisioner is immutable",
    method: "PATCH",
    path: `${CLASSES}/{ns}`,
    type: MERGE,
    body: { provisioner: "example.com/q" },
  },
  { name: "class: delete", method: "DELETE", path: `${CLASSES}/{ns}` },
];
