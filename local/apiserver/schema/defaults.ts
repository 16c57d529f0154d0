/**
 * What objects get when they leave something out, by kind.
 *
 * @module
 */

import { normalForm } from "./normal_form.ts";
import { defaultPod, defaultPodSpec, objects } from "./pod_defaults.ts";
import { type GroupVersionKind, type JsonObject, schemaFor } from "./schema.ts";
import { zeroObject } from "./zero_object.ts";

const RBAC = "rbac.authorization.k8s.io";
/** Seconds that a client stays with an endpoint by `sessionAffinity: ClientIP`. */
const AFFINITY_SECONDS = 10_800;

/**
 * The object with all that an API server fills in by itself, in the form in which it writes it:
 * defaults, canonical quantities and times, zero values of required fields. `object` is not
 * changed. What admission and storage add (addresses, service accounts, initial status) is not
 * done here.
 */
export function applyDefaults(object: JsonObject, gvk: GroupVersionKind): JsonObject {
  const schema = schemaFor(gvk);
  if (!schema) return object;
  const whole = withZero(object, zeroObject(gvk.group, gvk.kind));
  const out = normalForm(whole, schema) as JsonObject; // a copy, but for values without a schema
  const fill = Object.hasOwn(FILLERS, gvk.kind) ? FILLERS[gvk.kind] : undefined;
  fill?.(out, gvk);
  return out;
}

/** A copy with the parts that are always there. */
function withZero(object: JsonObject, zero: JsonObject): JsonObject {
  const out = { ...object };
  for (const [key, value] of Object.entries(zero)) {
    if (value === null) continue;
    out[key] = typeof value === "object" ? withZero(out[key] ?? {}, value) : out[key] ?? value;
  }
  return out;
}

type Filler = (object: JsonObject, gvk: GroupVersionKind) => void;

const FILLERS: Record<string, Filler> = {
  ClusterRoleBinding: fillBinding,
  CronJob(object) {
    const { spec } = object;
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    fillTemplate(spec.jobTemplate.spec);
  },
  DaemonSet({ spec }) {
    fillTemplate(spec);
    const strategy = spec.updateStrategy;
    strategy.type ||= "RollingUpdate";
    if (strategy.type === "RollingUpdate") {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= 1;
      strategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  Deployment({ spec }) {
    fillTemplate(spec);
    spec.replicas ??= 1;
    const { strategy } = spec;
    strategy.type ||= "RollingUpdate";
    if (strategy.type === "RollingUpdate") {
      strategy.rollingUpdate ??= {};
      strategy.rollingUpdate.maxUnavailable ??= "25%";
      strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  },
  EndpointSlice(object) {
    for (const port of objects(object.ports)) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  Endpoints(object) {
    for (const subset of objects(object.subsets)) {
      for (const port of objects(subset.ports)) port.protocol ||= "TCP";
    }
  },
  Job({ spec }) {
    fillTemplate(spec);
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    const perIndex = spec.backoffLimitPerIndex !== undefined;
    spec.backoffLimit ??= perIndex ? 2 ** 31 - 1 : 6;
    spec.completionMode ??= "NonIndexed";
    spec.suspend ??= false;
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
    spec.manualSelector ??= false;
  },
  Namespace(object) {
    const { name } = object.metadata;
    if (name) {
      object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": name };
    }
    object.status.phase ||= "Active";
  },
  Node({ status }) {
    if (status.capacity) status.allocatable ??= { ...status.capacity };
  },
  PersistentVolume({ spec, status }) {
    spec.persistentVolumeReclaimPolicy ||= "Retain";
    spec.volumeMode ??= "Filesystem";
    if (spec.hostPath) spec.hostPath.type ??= "";
    status.phase ||= "Pending";
  },
  PersistentVolumeClaim({ spec, status }) {
    spec.volumeMode ??= "Filesystem";
    status.phase ||= "Pending";
  },
  PriorityClass(object) {
    object.preemptionPolicy ??= "PreemptLowerPriority";
  },
  ReplicationController({ metadata, spec }) {
    fillTemplate(spec);
    spec.replicas ??= 1;
    const labels = spec.template.metadata?.labels;
    if (!labels) return;
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  StorageClass(object) {
    object.reclaimPolicy ??= "Delete";
    object.volumeBindingMode ??= "Immediate";
  },
  Pod(object) {
    defaultPodSpec(object.spec);
    defaultPod(object);
  },
  PodTemplate: fillTemplate,
  ReplicaSet({ spec }) {
    fillTemplate(spec);
    spec.replicas ??= 1;
  },
  RoleBinding: fillBinding,
  Secret: fillSecret,
  Service: fillService,
  StatefulSet({ spec }) {
    fillTemplate(spec);
    spec.podManagementPolicy ||= "OrderedReady";
    spec.updateStrategy.type ||= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
    for (const claim of objects(spec.volumeClaimTemplates)) {
      claim.spec ??= {};
      claim.spec.volumeMode ??= "Filesystem";
      claim.status ??= {};
      claim.status.phase ||= "Pending";
    }
  },
};

function fillTemplate(spec: JsonObject): void {
  spec.template ??= {};
  defaultPodSpec(spec.template.spec ??= {});
}

function fillBinding(binding: JsonObject): void {
  binding.roleRef.apiGroup ||= RBAC;
  for (const subject of objects(binding.subjects)) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= RBAC;
  }
}

/** `stringData` is written only: it becomes part of `data`. */
function fillSecret(secret: JsonObject): void {
  secret.type ||= "Opaque";
  const { stringData } = secret;
  delete secret.stringData;
  if (!stringData || Object.keys(stringData).length === 0) return;
  secret.data = { ...secret.data };
  for (const [key, text] of Object.entries(stringData)) {
    const bytes = new TextEncoder().encode(String(text));
    secret.data[key] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  }
}

function fillService({ spec }: JsonObject): void {
  spec.sessionAffinity ||= "None";
  spec.type ||= "ClusterIP";
  if (spec.sessionAffinity === "ClientIP") {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= AFFINITY_SECONDS;
  } else if (spec.sessionAffinity === "None") {
    delete spec.sessionAffinityConfig;
  }
  for (const port of objects(spec.ports)) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") {
      port.targetPort = port.port;
    }
  }
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") {
    spec.externalTrafficPolicy ||= "Cluster";
  }
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
}
