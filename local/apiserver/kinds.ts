/** The table of served kinds: names, verbs, subresources, selectable fields, update rules. */
import { ALL_VERBS, type FieldReader, kind, type KindInfo, SCALE, text } from "./kind_info.ts";
import { at } from "./object.ts";
import { STORED_KINDS } from "./stored_kinds.ts";

export type { FieldReader, KindInfo, SubresourceInfo } from "./kind_info.ts";

function review(apiVersion: string, name: string, plural: string, namespaced = false): KindInfo {
  return kind(apiVersion, name, { plural, clusterScoped: !namespaced, verbs: ["create"] });
}

const CORE_EVENT_FIELDS: Record<string, FieldReader> = {
  "involvedObject.kind": text("involvedObject", "kind"),
  "involvedObject.namespace": text("involvedObject", "namespace"),
  "involvedObject.name": text("involvedObject", "name"),
  "involvedObject.uid": text("involvedObject", "uid"),
  "involvedObject.apiVersion": text("involvedObject", "apiVersion"),
  "involvedObject.resourceVersion": text("involvedObject", "resourceVersion"),
  "involvedObject.fieldPath": text("involvedObject", "fieldPath"),
  reason: text("reason"),
  reportingComponent: text("reportingComponent"),
  source: text("source", "component"),
  type: text("type"),
};

/** Field selectors read the stored form, which is the core one. */
const NEW_EVENT_FIELDS: Record<string, FieldReader> = {
  "regarding.kind": text("involvedObject", "kind"),
  "regarding.namespace": text("involvedObject", "namespace"),
  "regarding.name": text("involvedObject", "name"),
  "regarding.uid": text("involvedObject", "uid"),
  "regarding.apiVersion": text("involvedObject", "apiVersion"),
  "regarding.resourceVersion": text("involvedObject", "resourceVersion"),
  "regarding.fieldPath": text("involvedObject", "fieldPath"),
  reason: text("reason"),
  reportingController: text("reportingComponent"),
  type: text("type"),
};

/** All served kinds, in the order of discovery. */
export const KINDS: readonly KindInfo[] = [
  kind("v1", "Binding", { plural: "bindings", verbs: ["create"] }),
  kind("v1", "ConfigMap", { plural: "configmaps", short: ["cm"] }),
  kind("v1", "Endpoints", { plural: "endpoints", short: ["ep"], createOnUpdate: true }),
  kind("v1", "Event", {
    plural: "events",
    short: ["ev"],
    createOnUpdate: true,
    fields: CORE_EVENT_FIELDS,
  }),
  kind("v1", "Namespace", {
    plural: "namespaces",
    short: ["ns"],
    clusterScoped: true,
    verbs: ALL_VERBS.filter((verb) => verb !== "deletecollection"),
    status: true,
    subresources: {
      finalize: { group: "", version: "v1", kind: "Namespace", verbs: ["update"] },
    },
    fields: { "status.phase": text("status", "phase"), name: text("metadata", "name") },
  }),
  kind("v1", "Node", {
    plural: "nodes",
    short: ["no"],
    clusterScoped: true,
    status: true,
    fields: {
      "spec.unschedulable": (node) => String(at(node, "spec", "unschedulable") ?? false),
    },
  }),
  kind("v1", "Pod", {
    plural: "pods",
    short: ["po"],
    categories: ["all"],
    status: true,
    subresources: {
      binding: { group: "", version: "v1", kind: "Binding", verbs: ["create"] },
      eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
      log: { group: "", version: "v1", kind: "Pod", verbs: ["get"] },
      proxy: {
        group: "",
        version: "v1",
        kind: "PodProxyOptions",
        verbs: ["create", "delete", "get", "patch", "update"],
      },
    },
    generation: true,
    returnsDeleted: true,
    fields: {
      "spec.nodeName": text("spec", "nodeName"),
      "spec.restartPolicy": text("spec", "restartPolicy"),
      "spec.schedulerName": text("spec", "schedulerName"),
      "spec.serviceAccountName": text("spec", "serviceAccountName"),
      "spec.hostNetwork": (pod) => String(at(pod, "spec", "hostNetwork") ?? false),
      "status.phase": text("status", "phase"),
      "status.podIP": text("status", "podIP"),
      "status.podIPs": text("status", "podIP"),
      "status.nominatedNodeName": text("status", "nominatedNodeName"),
    },
  }),
  kind("v1", "Secret", { plural: "secrets", fields: { type: text("type") } }),
  kind("v1", "ServiceAccount", {
    plural: "serviceaccounts",
    short: ["sa"],
    conditionalOnly: true,
    returnsDeleted: true,
    subresources: {
      token: {
        group: "authentication.k8s.io",
        version: "v1",
        kind: "TokenRequest",
        verbs: ["create"],
      },
    },
  }),
  kind("v1", "Service", {
    plural: "services",
    short: ["svc"],
    categories: ["all"],
    status: true,
    createOnUpdate: true,
    returnsDeleted: true,
    fields: { "spec.clusterIP": text("spec", "clusterIP"), "spec.type": text("spec", "type") },
  }),
  kind("apps/v1", "Deployment", {
    plural: "deployments",
    short: ["deploy"],
    categories: ["all"],
    status: true,
    subresources: { scale: SCALE },
    generation: true,
  }),
  kind("apps/v1", "ReplicaSet", {
    plural: "replicasets",
    short: ["rs"],
    categories: ["all"],
    status: true,
    subresources: { scale: SCALE },
    generation: true,
    fields: { "status.replicas": (rs) => String(at(rs, "status", "replicas") ?? 0) },
  }),
  review("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews"),
  review("authentication.k8s.io/v1", "TokenReview", "tokenreviews"),
  review("authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", true),
  review("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
  review("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
  review("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews"),
  kind("batch/v1", "CronJob", {
    plural: "cronjobs",
    short: ["cj"],
    categories: ["all"],
    status: true,
    generation: true,
  }),
  kind("batch/v1", "Job", {
    plural: "jobs",
    categories: ["all"],
    status: true,
    generation: true,
    orphansByDefault: true,
    fields: { "status.successful": (job) => String(at(job, "status", "succeeded") ?? 0) },
  }),
  kind("coordination.k8s.io/v1", "Lease", {
    plural: "leases",
    createOnUpdate: true,
    conditionalOnly: true,
  }),
  kind("discovery.k8s.io/v1", "EndpointSlice", { plural: "endpointslices", generation: true }),
  kind("events.k8s.io/v1", "Event", {
    plural: "events",
    short: ["ev"],
    storage: "events",
    createOnUpdate: true,
    fields: NEW_EVENT_FIELDS,
  }),
  kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", {
    plural: "clusterrolebindings",
    clusterScoped: true,
    createOnUpdate: true,
  }),
  kind("rbac.authorization.k8s.io/v1", "ClusterRole", {
    plural: "clusterroles",
    clusterScoped: true,
    createOnUpdate: true,
  }),
  kind("rbac.authorization.k8s.io/v1", "RoleBinding", {
    plural: "rolebindings",
    createOnUpdate: true,
  }),
  kind("rbac.authorization.k8s.io/v1", "Role", { plural: "roles", createOnUpdate: true }),
  ...STORED_KINDS,
];

const BY_RESOURCE = new Map(KINDS.map((info) => [`${info.apiVersion}/${info.plural}`, info]));

/** Finds a kind by API version and plural name. */
export function findResource(apiVersion: string, plural: string): KindInfo | undefined {
  return BY_RESOURCE.get(`${apiVersion}/${plural}`);
}

/** The kind of an API version and plural that is known to be served. */
export function resource(apiVersion: string, plural: string): KindInfo {
  const found = findResource(apiVersion, plural);
  if (!found) throw new Error(`Cannot find resource "${plural}" of "${apiVersion}": not served`);
  return found;
}

/** The served group versions, in the order of discovery: "v1", "apps/v1", …. */
export const GROUP_VERSIONS: readonly string[] = [
  ...new Set(KINDS.map((info) => info.apiVersion)),
];
