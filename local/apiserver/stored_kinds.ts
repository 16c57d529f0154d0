/**
 * Kinds that are only kept: nothing here acts on them. Manifests with them apply, `kubectl get all`
 * and a real scheduler find them.
 */
import { kind, SCALE, text } from "./kind_info.ts";
import type { KindInfo } from "./kind_info.ts";

/** In the order of discovery. */
export const STORED_KINDS: readonly KindInfo[] = [
  kind("v1", "PersistentVolumeClaim", {
    plural: "persistentvolumeclaims",
    short: ["pvc"],
    status: true,
    returnsDeleted: true,
  }),
  kind("v1", "PersistentVolume", {
    plural: "persistentvolumes",
    short: ["pv"],
    clusterScoped: true,
    status: true,
    returnsDeleted: true,
  }),
  kind("v1", "ReplicationController", {
    plural: "replicationcontrollers",
    short: ["rc"],
    categories: ["all"],
    status: true,
    subresources: { scale: SCALE },
    generation: true,
    fields: { "status.replicas": text("status", "replicas") },
  }),
  kind("apps/v1", "ControllerRevision", { plural: "controllerrevisions" }),
  kind("apps/v1", "DaemonSet", {
    plural: "daemonsets",
    short: ["ds"],
    categories: ["all"],
    status: true,
    generation: true,
  }),
  kind("apps/v1", "StatefulSet", {
    plural: "statefulsets",
    short: ["sts"],
    categories: ["all"],
    status: true,
    subresources: { scale: SCALE },
    generation: true,
  }),
  kind("policy/v1", "PodDisruptionBudget", {
    plural: "poddisruptionbudgets",
    short: ["pdb"],
    status: true,
    generation: true,
  }),
  kind("scheduling.k8s.io/v1", "PriorityClass", {
    plural: "priorityclasses",
    short: ["pc"],
    clusterScoped: true,
    generation: true,
  }),
  kind("storage.k8s.io/v1", "CSIDriver", {
    plural: "csidrivers",
    clusterScoped: true,
    generation: true,
    returnsDeleted: true,
  }),
  kind("storage.k8s.io/v1", "CSINode", {
    plural: "csinodes",
    clusterScoped: true,
    returnsDeleted: true,
  }),
  kind("storage.k8s.io/v1", "StorageClass", {
    plural: "storageclasses",
    short: ["sc"],
    clusterScoped: true,
    returnsDeleted: true,
  }),
  // Read-only: schedulers before 1.22 look here.
  kind("policy/v1beta1", "PodDisruptionBudget", {
    plural: "poddisruptionbudgets",
    storage: "poddisruptionbudgets.policy",
    verbs: ["get", "list", "watch"],
  }),
];
