/**
 * Who owns which fields: `metadata.managedFields`, read and written.
 *
 * @module
 */

import type { GroupVersionKind, JsonObject, Schema } from "../schema/schema.ts";
import { FieldSet } from "./field_set.ts";
import { isObject } from "../schema/json_object.ts";

/** One manager's fields. */
export interface Manager {
  /** The field manager's name. */
  name: string;
  /** How it got them: by server-side apply or by any other write. */
  operation: "Apply" | "Update";
  /** The version that its paths belong to. */
  apiVersion: string;
  /** `status`, `scale`, … or empty. */
  subresource: string;
  /** RFC 3339, whole seconds. */
  time: string | undefined;
  fields: FieldSet;
}

/** Managers by their identity. */
export type Managers = Map<string, Manager>;

/** More update entries than this are put together, oldest first. */
const MAX_UPDATE_MANAGERS = 10;
const OLD_UPDATES_MANAGER = "ancient-changes";

/** Fields that nobody owns. */
const STRIPPED = FieldSet.of(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
);

/**
 * A manager's identity: appliers are the same whatever version they apply, updaters have an entry
 * for each version.
 */
export function managerKey(manager: Omit<Manager, "time" | "fields">): string {
  const version = manager.operation === "Apply" ? "" : manager.apiVersion;
  return JSON.stringify([manager.name, manager.operation, version, manager.subresource]);
}

/** The managers of an object. Entries that make no sense are left out. */
export function readManagers(object: JsonObject | undefined): Managers {
  const managers: Managers = new Map();
  const entries = object?.metadata?.managedFields;
  if (!Array.isArray(entries)) return managers;
  for (const entry of entries) {
    if (!isObject(entry) || !isObject(entry.fieldsV1)) continue;
    const manager: Manager = {
      name: entry.manager ?? "unknown",
      operation: entry.operation === "Apply" ? "Apply" : "Update",
      apiVersion: entry.apiVersion ?? "",
      subresource: entry.subresource ?? "",
      time: entry.time ?? undefined,
      fields: FieldSet.fromFields(entry.fieldsV1),
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

/** Whether a written object asks to forget all managers: `managedFields: [{}]`. */
export function isReset(object: JsonObject): boolean {
  const entries = object.metadata?.managedFields;
  return Array.isArray(entries) && entries.length === 1 && isObject(entries[0]) &&
    Object.keys(entries[0]).length === 0;
}

/** A copy of `object` with these managers; without the field when there are none. */
export function writeManagers(object: JsonObject, managers: Managers): JsonObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  const list = [...managers.values()].sort(byOperationAndTime);
  if (list.length > 0) {
    metadata.managedFields = list.map((manager) => ({
      manager: manager.name,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time ? { time: manager.time } : {}),
      fieldsType: "FieldsV1",
      fieldsV1: manager.fields.toFields(),
      ...(manager.subresource ? { subresource: manager.subresource } : {}),
    }));
  }
  return { ...object, metadata };
}

function byOperationAndTime(a: Manager, b: Manager): number {
  return order(a.operation, b.operation) || order(a.time ?? "", b.time ?? "") ||
    order(a.name, b.name) || order(a.apiVersion, b.apiVersion) ||
    order(a.subresource, b.subresource);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A time as managedFields has it. */
export function timeText(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The set without what nobody owns. */
export function ownable(fields: FieldSet): FieldSet {
  return fields.difference(STRIPPED);
}

/** Puts the oldest update entries of a version into one, as long as there are too many. */
export function capManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, m]) => m.operation === "Update")
    .sort(([keyA, a], [keyB, b]) => order(a.time ?? "", b.time ?? "") || order(keyA, keyB));
  let count = updaters.length;
  const firstOfVersion = new Map<string, string>();
  for (const [key, manager] of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) return;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, key);
      continue;
    }
    const bucket: Manager = { ...manager, name: OLD_UPDATES_MANAGER, subresource: "" };
    const bucketKey = managerKey(bucket);
    const collected = managers.get(bucketKey) ?? managers.get(first)!;
    if (!managers.has(bucketKey)) managers.delete(first);
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, fields: manager.fields.union(collected.fields) });
    count--;
  }
}

/** Kinds whose `status` is written through the subresource only. */
const WITH_STATUS = new Set([
  "CronJob",
  "DaemonSet",
  "Deployment",
  "Job",
  "Namespace",
  "Node",
  "Pod",
  "PodDisruptionBudget",
  "ReplicaSet",
  "Service",
  "StatefulSet",
]);

/** The fields that a write through `subresource` leaves as they are, and does not own. */
export function resetFields(gvk: GroupVersionKind, subresource = ""): FieldSet {
  if (!WITH_STATUS.has(gvk.kind)) return new FieldSet();
  if (subresource === "") return FieldSet.of(["f:status"]);
  if (subresource !== "status") return new FieldSet();
  const paths = [["f:spec"]];
  if (gvk.kind === "Deployment") paths.push(["f:metadata", "f:labels"]);
  if (gvk.kind === "Pod") {
    paths.push(["f:metadata", "f:deletionTimestamp"], ["f:metadata", "f:ownerReferences"]);
  }
  return FieldSet.of(...paths);
}

/** The group and version as `apiVersion` has them. */
export function apiVersionOf(gvk: GroupVersionKind): string {
  return gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version;
}

/** A schema for kinds that are not known: everything below the top is taken as a whole. */
export const UNKNOWN_KIND: Schema = { type: "map", values: { type: "any" } };
