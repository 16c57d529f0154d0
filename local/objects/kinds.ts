/**
 * The kinds that the controllers and the scheduler work on.
 *
 * They are read as they are on the wire, not through the generated decoders: an object that is
 * written back, or a pod template that is copied, must not lose what those decoders do not keep
 * (fractions of quantities, fields of a newer server).
 *
 * @module
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import type { ControllerRevision, DaemonSet, StatefulSet } from "./set_types.ts";
import type { CronJob, Job } from "./batch_types.ts";
import type { Deployment, Item, Lease, Meta, Namespace, Node, Pod, ReplicaSet } from "./types.ts";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "./volume_types.ts";

/** A kind of object that can be watched and written. */
export interface Kind<T extends Item = Item> {
  /** Group and version, such as `v1` or `apps/v1`. */
  readonly apiVersion: string;
  /** The kind, such as `Pod`. */
  readonly kind: string;
  /** The name in request paths, such as `pods`. */
  readonly plural: string;
  /** Whether its objects live in a namespace. */
  readonly namespaced: boolean;
  /** Makes the object of parsed JSON. */
  readonly read: (raw: JSONValue) => T;
}

/** What identifies a kind. */
export type KindName = Omit<Kind, "read">;

/** A kind whose objects are kept whole, except for the book-keeping of field managers. */
export function wholeKind<T extends Item>(name: KindName): Kind<T> {
  return { ...name, read: (raw) => named<T>(raw, name) };
}

/** A kind of whose objects only the metadata is kept. */
export function metadataKind(name: KindName): Kind {
  return {
    ...name,
    read(raw) {
      const { apiVersion, kind, metadata } = named<Item>(raw, name);
      return { apiVersion, kind, metadata: ownershipOf(metadata) };
    },
  };
}

function named<T extends Item>(raw: JSONValue, name: KindName): T {
  // items of a list carry neither apiVersion nor kind
  const item = raw as unknown as T & { metadata: { managedFields?: unknown } };
  if (typeof item?.metadata?.name !== "string") {
    throw new TypeError(`Cannot read an object of kind "${name.kind}": it has no name`);
  }
  delete item.metadata.managedFields;
  return { ...item, apiVersion: name.apiVersion, kind: name.kind };
}

function ownershipOf(meta: Meta): Meta {
  const { name, namespace, uid, resourceVersion } = meta;
  const { ownerReferences, finalizers, deletionTimestamp } = meta;
  return { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp };
}

/** Pods. */
export const PODS: Kind<Pod> = wholeKind(core("Pod", "pods"));
/** Nodes. */
export const NODES: Kind<Node> = wholeKind({ ...core("Node", "nodes"), namespaced: false });
/** Namespaces. */
export const NAMESPACES: Kind<Namespace> = wholeKind({
  ...core("Namespace", "namespaces"),
  namespaced: false,
});
/** Service accounts. */
export const SERVICE_ACCOUNTS: Kind = wholeKind(core("ServiceAccount", "serviceaccounts"));
/** Events. */
export const EVENTS: Kind = wholeKind(core("Event", "events"));
/** Deployments. */
export const DEPLOYMENTS: Kind<Deployment> = wholeKind({
  apiVersion: "apps/v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
});
/** Replica sets. */
export const REPLICA_SETS: Kind<ReplicaSet> = wholeKind({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  namespaced: true,
});
/** Stateful sets. */
export const STATEFUL_SETS: Kind<StatefulSet> = wholeKind(apps("StatefulSet", "statefulsets"));
/** Daemon sets. */
export const DAEMON_SETS: Kind<DaemonSet> = wholeKind(apps("DaemonSet", "daemonsets"));
/** Revisions of stateful sets and daemon sets. */
export const CONTROLLER_REVISIONS: Kind<ControllerRevision> = wholeKind(
  apps("ControllerRevision", "controllerrevisions"),
);
/** Claims to volumes. */
export const VOLUME_CLAIMS: Kind<PersistentVolumeClaim> = wholeKind(
  core("PersistentVolumeClaim", "persistentvolumeclaims"),
);
/** Volumes. */
export const VOLUMES: Kind<PersistentVolume> = wholeKind({
  ...core("PersistentVolume", "persistentvolumes"),
  namespaced: false,
});
/** Classes of volumes. */
export const STORAGE_CLASSES: Kind<StorageClass> = wholeKind({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  plural: "storageclasses",
  namespaced: false,
});
/** Jobs. */
export const JOBS: Kind<Job> = wholeKind({
  apiVersion: "batch/v1",
  kind: "Job",
  plural: "jobs",
  namespaced: true,
});
/** Cron jobs. */
export const CRON_JOBS: Kind<CronJob> = wholeKind({
  apiVersion: "batch/v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
});
/** Leases. */
export const LEASES: Kind<Lease> = wholeKind({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
});

function core(kind: string, plural: string): KindName {
  return { apiVersion: "v1", kind, plural, namespaced: true };
}

function apps(kind: string, plural: string): KindName {
  return { apiVersion: "apps/v1", kind, plural, namespaced: true };
}
