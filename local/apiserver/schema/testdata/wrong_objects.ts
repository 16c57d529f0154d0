/** Objects that an API server refuses, each with what makes it wrong in its name. */

import type { GroupVersionKind, JsonObject } from "../mod.ts";

/** A wrong object, or a wrong change of a good one. */
export interface WrongObject {
  /** What is wrong. */
  what: string;
  gvk: GroupVersionKind;
  /** The collection's path. */
  path: string;
  object: JsonObject;
  /** If given, this is created first, and `object` replaces it. */
  before?: JsonObject;
}

const NAMESPACE = "/namespaces/default";

function core(kind: string, plural: string) {
  return { gvk: { group: "", version: "v1", kind }, path: `/api/v1${NAMESPACE}/${plural}` };
}

function apps(kind: string, plural: string) {
  return {
    gvk: { group: "apps", version: "v1", kind },
    path: `/apis/apps/v1${NAMESPACE}/${plural}`,
  };
}

function rbac(kind: string, plural: string) {
  const group = "rbac.authorization.k8s.io";
  return { gvk: { group, version: "v1", kind }, path: `/apis/${group}/v1${NAMESPACE}/${plural}` };
}

function object(apiVersion: string, kind: string, rest: JsonObject): JsonObject {
  const metadata = { name: "wrong", namespace: "default" };
  return { apiVersion, kind, metadata, ...rest };
}

function pod(spec: JsonObject, container: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return object("v1", "Pod", {
    metadata: { name: "wrong", ...metadata },
    spec: { containers: [{ name: "main", image: "app:1", ...container }], ...spec },
  });
}

function deployment(spec: JsonObject, template: JsonObject = {}): JsonObject {
  return object("apps/v1", "Deployment", {
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "wrong" } },
      template: {
        metadata: { labels: { app: "wrong" } },
        spec: { containers: [{ name: "main", image: "app:1" }], ...template },
      },
      ...spec,
    },
  });
}

function service(spec: JsonObject): JsonObject {
  return object("v1", "Service", { spec: { ports: [{ port: 80 }], ...spec } });
}

const PODS: [string, JsonObject][] = [
  ["no containers", pod({ containers: [] })],
  ["no container name", pod({}, { name: "" })],
  ["bad container name", pod({}, { name: "Main_1" })],
  ["no image", pod({}, { image: "" })],
  ["padded image", pod({}, { image: " app:1" })],
  [
    "duplicate container names",
    pod({ containers: [{ name: "a", image: "x" }, { name: "a", image: "x" }] }),
  ],
  ["unknown restart policy", pod({ restartPolicy: "Sometimes" })],
  ["unknown DNS policy", pod({ dnsPolicy: "Maybe" })],
  ["unknown pull policy", pod({}, { imagePullPolicy: "Often" })],
  ["port 70000", pod({}, { ports: [{ containerPort: 70000 }] })],
  ["no container port", pod({}, { ports: [{ name: "http" }] })],
  ["unknown protocol", pod({}, { ports: [{ containerPort: 80, protocol: "ICMP" }] })],
  [
    "duplicate port names",
    pod({}, { ports: [{ containerPort: 80, name: "a" }, { containerPort: 81, name: "a" }] }),
  ],
  ["no variable name", pod({}, { env: [{ name: "", value: "x" }] })],
  [
    "value and valueFrom",
    pod({}, {
      env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    }),
  ],
  ["empty valueFrom", pod({}, { env: [{ name: "A", valueFrom: {} }] })],
  ["probe without handler", pod({}, { livenessProbe: { periodSeconds: 1 } })],
  [
    "probe with two handlers",
    pod({}, { livenessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 80 } } }),
  ],
  [
    "liveness success threshold 2",
    pod({}, { livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
  ],
  [
    "negative probe period",
    pod({}, { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: -1 } }),
  ],
  ["probe port 0", pod({}, { readinessProbe: { httpGet: { port: 0 } } })],
  ["negative grace period", pod({ terminationGracePeriodSeconds: -1 })],
  ["zero deadline", pod({ activeDeadlineSeconds: 0 })],
  ["unknown volume", pod({}, { volumeMounts: [{ name: "data", mountPath: "/data" }] })],
  [
    "volume of two types",
    pod({ volumes: [{ name: "data", emptyDir: {}, hostPath: { path: "/x" } }] }),
  ],
  ["bad volume name", pod({ volumes: [{ name: "Data", emptyDir: {} }] })],
  [
    "duplicate volumes",
    pod({ volumes: [{ name: "data", emptyDir: {} }, { name: "data", emptyDir: {} }] }),
  ],
  [
    "duplicate mount path",
    pod({ volumes: [{ name: "d", emptyDir: {} }] }, {
      volumeMounts: [{ name: "d", mountPath: "/d" }, { name: "d", mountPath: "/d" }],
    }),
  ],
  [
    "requests over limits",
    pod({}, { resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } }),
  ],
  ["negative limit", pod({}, { resources: { limits: { cpu: "-1" } } })],
  ["toleration without key", pod({ tolerations: [{ value: "x" }] })],
  [
    "toleration of unknown effect",
    pod({ tolerations: [{ key: "x", operator: "Exists", effect: "Never" }] }),
  ],
  [
    "toleration seconds without NoExecute",
    pod({ tolerations: [{ key: "x", operator: "Exists", tolerationSeconds: 5 }] }),
  ],
  ["bad hostname", pod({ hostname: "My_Host" })],
  ["bad label key", pod({}, {}, { labels: { "a b": "x" } })],
  ["bad label value", pod({}, {}, { labels: { a: "x y" } })],
  ["two prefixes in a label", pod({}, {}, { labels: { "a/b/c": "x" } })],
  ["bad annotation key", pod({}, {}, { annotations: { "a b": "x" } })],
  ["bad name", pod({}, {}, { name: "Wrong_Name" })],
  ["long name", pod({}, {}, { name: "a".repeat(254) })],
  ["bad finalizer", pod({}, {}, { finalizers: ["a b"] })],
  [
    "owner without uid",
    pod({}, {}, { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "" }] }),
  ],
  [
    "init container with probe",
    pod({
      initContainers: [{ name: "init", image: "x", readinessProbe: { tcpSocket: { port: 80 } } }],
    }),
  ],
];

const DEPLOYMENTS: [string, JsonObject][] = [
  ["negative replicas", deployment({ replicas: -1 })],
  ["negative history", deployment({ revisionHistoryLimit: -1 })],
  ["no selector", deployment({ selector: undefined })],
  ["empty selector", deployment({ selector: {} })],
  ["selector that does not match", deployment({ selector: { matchLabels: { app: "other" } } })],
  [
    "unknown selector operator",
    deployment({
      selector: { matchExpressions: [{ key: "app", operator: "Like", values: ["x"] }] },
    }),
  ],
  [
    "selector without values",
    deployment({ selector: { matchExpressions: [{ key: "app", operator: "In" }] } }),
  ],
  ["restart policy Never", deployment({}, { restartPolicy: "Never" })],
  [
    "no strategy room",
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
  ],
  [
    "Recreate with rolling update",
    deployment({ strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } } }),
  ],
  ["unknown strategy", deployment({ strategy: { type: "Fast" } })],
  ["bad percentage", deployment({ strategy: { rollingUpdate: { maxSurge: "x%" } } })],
  [
    "more than all unavailable",
    deployment({ strategy: { rollingUpdate: { maxUnavailable: "120%" } } }),
  ],
  ["deadline before ready", deployment({ minReadySeconds: 700 })],
  ["no image in template", deployment({}, { containers: [{ name: "main" }] })],
];

const SERVICES: [string, JsonObject][] = [
  ["no ports", service({ ports: [] })],
  ["port 0", service({ ports: [{ port: 0 }] })],
  ["unnamed ports", service({ ports: [{ port: 80 }, { port: 81 }] })],
  ["duplicate port names", service({ ports: [{ port: 80, name: "a" }, { port: 81, name: "a" }] })],
  ["unknown type", service({ type: "Magic" })],
  ["unknown affinity", service({ sessionAffinity: "Always" })],
  ["bad target port", service({ ports: [{ port: 80, targetPort: "a--b" }] })],
  ["no external name", service({ type: "ExternalName" })],
  ["bad selector", service({ selector: { "a b": "c" } })],
  ["name with a digit first", { ...service({}), metadata: { name: "1wrong" } }],
  ["node port of a cluster address", service({ ports: [{ port: 80, nodePort: 30001 }] })],
];

const ROLES: [string, JsonObject][] = [
  ["no verbs", { rules: [{ apiGroups: [""], resources: ["pods"], verbs: [] }] }],
  ["no groups", { rules: [{ resources: ["pods"], verbs: ["get"] }] }],
  ["no resources", { rules: [{ apiGroups: [""], verbs: ["get"] }] }],
  ["URLs in a namespace", { rules: [{ nonResourceURLs: ["/x"], verbs: ["get"] }] }],
].map((
  [what, rest],
) => [what as string, object("rbac.authorization.k8s.io/v1", "Role", rest as JsonObject)]);

function binding(roleRef: JsonObject, subjects: JsonObject[] = []): JsonObject {
  return object("rbac.authorization.k8s.io/v1", "RoleBinding", { roleRef, subjects });
}

const ROLE_REF = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "x" };
const BINDINGS: [string, JsonObject][] = [
  ["unknown role kind", binding({ ...ROLE_REF, kind: "Pod" })],
  ["no role name", binding({ ...ROLE_REF, name: "" })],
  ["account without namespace", binding(ROLE_REF, [{ kind: "ServiceAccount", name: "x" }])],
  ["unknown subject", binding(ROLE_REF, [{ kind: "Pod", name: "x" }])],
];

const CONFIG_MAPS: [string, JsonObject][] = [
  ["bad key", object("v1", "ConfigMap", { data: { "a b": "c" } })],
  ["key in both", object("v1", "ConfigMap", { data: { a: "c" }, binaryData: { a: "AAAA" } })],
];

const SECRETS: [string, JsonObject][] = [
  ["no TLS keys", object("v1", "Secret", { type: "kubernetes.io/tls", data: {} })],
  ["bad key", object("v1", "Secret", { data: { "..a": "AAAA" } })],
];

const LEASES: [string, JsonObject][] = [
  ["zero duration", { leaseDurationSeconds: 0 }],
  ["negative transitions", { leaseTransitions: -1 }],
].map(([what, spec]) => [what as string, object("coordination.k8s.io/v1", "Lease", { spec })]);

const CORE_EVENTS: [string, JsonObject][] = [
  ["another namespace", object("v1", "Event", { involvedObject: { namespace: "other" } })],
  [
    "a fine time and no more",
    object("v1", "Event", {
      involvedObject: { namespace: "default" },
      eventTime: "2026-01-01T00:00:00.000000Z",
    }),
  ],
];

function event(rest: JsonObject): JsonObject {
  return object("events.k8s.io/v1", "Event", {
    regarding: { namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "example.com/x",
    reportingInstance: "x",
    action: "x",
    reason: "x",
    type: "Normal",
    ...rest,
  });
}

const NEW_EVENTS: [string, JsonObject][] = [
  ["no time", event({ eventTime: undefined })],
  ["no controller", event({ reportingController: undefined })],
  ["bad controller", event({ reportingController: "a b" })],
  ["no reason", event({ reason: undefined })],
  ["long action", event({ action: "x".repeat(129) })],
  ["long note", event({ note: "x".repeat(1025) })],
  ["unknown type", event({ type: "Fatal" })],
  ["old fields", event({ deprecatedCount: 2 })],
];

function statefulSet(spec: JsonObject): JsonObject {
  return object("apps/v1", "StatefulSet", {
    spec: { ...deployment({}).spec, serviceName: "wrong", ...spec },
  });
}

function daemonSet(spec: JsonObject): JsonObject {
  const { replicas: _, ...rest } = deployment({}).spec;
  // it runs nowhere
  rest.template.spec.nodeSelector = { no: "node" };
  return object("apps/v1", "DaemonSet", { spec: { ...rest, ...spec } });
}

const STATEFUL_SETS: [string, JsonObject][] = [
  ["negative replicas", statefulSet({ replicas: -1 })],
  ["no selector", statefulSet({ selector: undefined })],
  ["unknown management policy", statefulSet({ podManagementPolicy: "Any" })],
  ["unknown strategy", statefulSet({ updateStrategy: { type: "Recreate" } })],
  [
    "partition of OnDelete",
    statefulSet({
      updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } },
    }),
  ],
  [
    "negative partition",
    statefulSet({
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: -1 } },
    }),
  ],
];

STATEFUL_SETS.push(
  ["a deadline", statefulSet(template({ activeDeadlineSeconds: 5 }))],
  ["pods that end", statefulSet(template({ restartPolicy: "Never" }))],
  [
    "bad labels",
    statefulSet({
      template: {
        metadata: { labels: { app: "wrong", "a b": "c" } },
        spec: template({}).template.spec,
      },
    }),
  ],
);

function template(spec: JsonObject): JsonObject {
  return { template: { ...deployment({}, spec).spec.template } };
}

const DAEMON_SETS: [string, JsonObject][] = [
  ["other labels", daemonSet({ selector: { matchLabels: { app: "other" } } })],
  ["unknown strategy", daemonSet({ updateStrategy: { type: "Recreate" } })],
  ["a deadline", daemonSet(template({ activeDeadlineSeconds: 5, nodeSelector: { no: "node" } }))],
];

function claim(spec: JsonObject): JsonObject {
  return object("v1", "PersistentVolumeClaim", {
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      storageClassName: "",
      ...spec,
    },
  });
}

const CLAIMS: [string, JsonObject][] = [
  ["no access mode", claim({ accessModes: [] })],
  ["no size", claim({ resources: {} })],
  ["size 0", claim({ resources: { requests: { storage: "0" } } })],
  ["bad class", claim({ storageClassName: "a b" })],
];

function volume(spec: JsonObject): JsonObject {
  const { metadata: _, ...rest } = object("v1", "PersistentVolume", {
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/x" },
      ...spec,
    },
  });
  return { ...rest, metadata: { name: "wrong" } };
}

const VOLUMES: [string, JsonObject][] = [
  ["no access mode", volume({ accessModes: [] })],
  ["no capacity", volume({ capacity: {} })],
  ["negative capacity", volume({ capacity: { storage: "-1" } })],
  ["no source", volume({ hostPath: undefined })],
  ["two sources", volume({ nfs: { server: "s", path: "/x" } })],
  ["no path", volume({ hostPath: {} })],
  ["a path that leaves", volume({ hostPath: { path: "/x/../y" } })],
  ["local without a node", volume({ hostPath: undefined, local: { path: "/x" } })],
  ["unknown policy", volume({ persistentVolumeReclaimPolicy: "Burn" })],
];

function storageClass(rest: JsonObject): JsonObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "wrong" },
    provisioner: "example.com/x",
    ...rest,
  };
}

const CLASSES: [string, JsonObject][] = [
  ["no provisioner", storageClass({ provisioner: "" })],
  ["bad provisioner", storageClass({ provisioner: "a b" })],
  ["unknown mode", storageClass({ volumeBindingMode: "Never" })],
];

const VOLUME_KIND = {
  gvk: { group: "", version: "v1", kind: "PersistentVolume" },
  path: "/api/v1/persistentvolumes",
};
const CLASS_KIND = {
  gvk: { group: "storage.k8s.io", version: "v1", kind: "StorageClass" },
  path: "/apis/storage.k8s.io/v1/storageclasses",
};

const UPDATES: WrongObject[] = [
  {
    what: "other service",
    ...apps("StatefulSet", "statefulsets"),
    before: statefulSet({}),
    object: statefulSet({ serviceName: "other" }),
  },
  {
    what: "other claims",
    ...apps("StatefulSet", "statefulsets"),
    before: statefulSet({}),
    object: statefulSet({
      volumeClaimTemplates: [{ metadata: { name: "x" }, spec: claim({}).spec }],
    }),
  },
  {
    what: "other selector",
    ...apps("DaemonSet", "daemonsets"),
    before: daemonSet({}),
    object: daemonSet({
      selector: { matchLabels: { app: "wrong", b: "c" } },
      template: {
        metadata: { labels: { app: "wrong", b: "c" } },
        spec: { containers: [{ name: "main", image: "app:1" }] },
      },
    }),
  },
  {
    what: "other data",
    ...apps("ControllerRevision", "controllerrevisions"),
    before: object("apps/v1", "ControllerRevision", { data: { a: 1 }, revision: 1 }),
    object: object("apps/v1", "ControllerRevision", { data: { a: 2 }, revision: 1 }),
  },
  {
    what: "other access",
    ...core("PersistentVolumeClaim", "persistentvolumeclaims"),
    before: claim({}),
    object: claim({ accessModes: ["ReadWriteMany"] }),
  },
  {
    what: "other size before it is bound",
    ...core("PersistentVolumeClaim", "persistentvolumeclaims"),
    before: claim({}),
    object: claim({ resources: { requests: { storage: "2Gi" } } }),
  },
  {
    what: "other path",
    ...VOLUME_KIND,
    before: volume({}),
    object: volume({ hostPath: { path: "/y" } }),
  },
  {
    what: "other provisioner",
    ...CLASS_KIND,
    before: storageClass({}),
    object: storageClass({ provisioner: "example.com/y" }),
  },
  {
    what: "other selector",
    ...apps("Deployment", "deployments"),
    before: deployment({}),
    object: deployment({
      selector: { matchLabels: { app: "wrong", b: "c" } },
      template: {
        metadata: { labels: { app: "wrong", b: "c" } },
        spec: { containers: [{ name: "main", image: "app:1" }] },
      },
    }),
  },
  {
    what: "immutable ConfigMap",
    ...core("ConfigMap", "configmaps"),
    before: object("v1", "ConfigMap", { data: { a: "b" }, immutable: true }),
    object: object("v1", "ConfigMap", { data: { a: "c" } }),
  },
  {
    what: "immutable Secret",
    ...core("Secret", "secrets"),
    before: object("v1", "Secret", { data: { a: "AAAA" }, immutable: true }),
    object: object("v1", "Secret", { data: { a: "AAAB" }, immutable: true, type: "other" }),
  },
  {
    what: "other role",
    ...rbac("RoleBinding", "rolebindings"),
    before: binding(ROLE_REF),
    object: binding({ ...ROLE_REF, name: "y" }),
  },
  {
    what: "added container",
    ...core("Pod", "pods"),
    before: pod({ terminationGracePeriodSeconds: 0, automountServiceAccountToken: false }),
    object: pod({
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "app:1" }, { name: "more", image: "app:1" }],
    }),
  },
  {
    what: "changed arguments",
    ...core("Pod", "pods"),
    before: pod({ terminationGracePeriodSeconds: 0, automountServiceAccountToken: false }),
    object: pod(
      { terminationGracePeriodSeconds: 0, automountServiceAccountToken: false },
      { args: ["x"] },
    ),
  },
];

function all(
  list: [string, JsonObject][],
  kind: Omit<WrongObject, "what" | "object">,
): WrongObject[] {
  return list.map(([what, wrong]) => ({
    what: `${kind.gvk.kind} with ${what}`,
    ...kind,
    object: wrong,
  }));
}

/** All wrong objects. */
export const WRONG_OBJECTS: readonly WrongObject[] = [
  ...all(PODS, core("Pod", "pods")),
  ...all(DEPLOYMENTS, apps("Deployment", "deployments")),
  ...all(STATEFUL_SETS, apps("StatefulSet", "statefulsets")),
  ...all(DAEMON_SETS, apps("DaemonSet", "daemonsets")),
  ...all(CLAIMS, core("PersistentVolumeClaim", "persistentvolumeclaims")),
  ...all(VOLUMES, VOLUME_KIND),
  ...all(CLASSES, CLASS_KIND),
  ...all(SERVICES, core("Service", "services")),
  ...all(CONFIG_MAPS, core("ConfigMap", "configmaps")),
  ...all(SECRETS, core("Secret", "secrets")),
  ...all(ROLES, rbac("Role", "roles")),
  ...all(BINDINGS, rbac("RoleBinding", "rolebindings")),
  ...all(CORE_EVENTS, core("Event", "events")),
  ...all(NEW_EVENTS, {
    gvk: { group: "events.k8s.io", version: "v1", kind: "Event" },
    path: `/apis/events.k8s.io/v1${NAMESPACE}/events`,
  }),
  ...all(LEASES, {
    gvk: { group: "coordination.k8s.io", version: "v1", kind: "Lease" },
    path: `/apis/coordination.k8s.io/v1${NAMESPACE}/leases`,
  }),
  ...UPDATES.map((update) => ({
    ...update,
    what: `change of a ${update.gvk.kind}: ${update.what}`,
  })),
];
