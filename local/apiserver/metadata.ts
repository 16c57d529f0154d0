/** What the server does with `metadata` on every write. */
import type { StatusCause } from "./errors.ts";
import { type ApiObject, deepEqual, type ObjectMeta } from "./object.ts";

/** Puts kind, apiVersion and the fields of metadata in the order in which the API shows them. */
export function inOrder(object: ApiObject, metadata: ObjectMeta): ApiObject {
  const { kind, apiVersion, metadata: _, ...fields } = object;
  return { kind, apiVersion, metadata: orderMetadata(metadata), ...fields };
}

function orderMetadata(meta: ObjectMeta): ObjectMeta {
  const {
    name,
    generateName,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    ownerReferences,
    finalizers,
    managedFields,
  } = meta;
  const ordered: ObjectMeta = {};
  if (name) ordered.name = name;
  if (generateName) ordered.generateName = generateName;
  if (namespace) ordered.namespace = namespace;
  if (uid) ordered.uid = uid;
  if (resourceVersion) ordered.resourceVersion = resourceVersion;
  if (generation) ordered.generation = generation;
  if (creationTimestamp) ordered.creationTimestamp = creationTimestamp;
  if (deletionTimestamp) ordered.deletionTimestamp = deletionTimestamp;
  if (deletionTimestamp && typeof deletionGracePeriodSeconds === "number") {
    ordered.deletionGracePeriodSeconds = deletionGracePeriodSeconds;
  }
  if (labels && Object.keys(labels).length > 0) ordered.labels = labels;
  if (annotations && Object.keys(annotations).length > 0) ordered.annotations = annotations;
  if (ownerReferences && ownerReferences.length > 0) ordered.ownerReferences = ownerReferences;
  if (finalizers && finalizers.length > 0) ordered.finalizers = finalizers;
  if (managedFields && managedFields.length > 0) ordered.managedFields = managedFields;
  return ordered;
}

/** Takes over from the present object what an update may leave out, and never may change. */
export function carryOver(next: ObjectMeta, old: ObjectMeta): ObjectMeta {
  return {
    ...next,
    generateName: next.generateName ?? old.generateName,
    uid: next.uid || old.uid,
    creationTimestamp: next.creationTimestamp || old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp || next.deletionTimestamp,
    deletionGracePeriodSeconds: next.deletionGracePeriodSeconds ?? old.deletionGracePeriodSeconds,
    generation: old.generation,
    resourceVersion: old.resourceVersion,
  };
}

/** What an update must not do to metadata. */
export function metadataProblems(next: ObjectMeta, old: ObjectMeta): StatusCause[] {
  const causes: StatusCause[] = [];
  for (
    const field of [
      "name",
      "namespace",
      "uid",
      "creationTimestamp",
      "deletionTimestamp",
      "deletionGracePeriodSeconds",
    ] as const
  ) {
    if ((next[field] ?? null) === (old[field] ?? null)) continue;
    causes.push({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(next[field] ?? null)}: field is immutable`,
      field: `metadata.${field}`,
    });
  }
  if (old.deletionTimestamp) {
    const added = (next.finalizers ?? []).filter((name) => !old.finalizers?.includes(name));
    if (added.length > 0) {
      causes.push({
        reason: "FieldValueForbidden",
        message:
          `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${
            added.map((name) => JSON.stringify(name)).join(", ")
          }}`,
        field: "metadata.finalizers",
      });
    }
  }
  return causes;
}

/** Whether two states are the same but for the times in managed fields and the version. */
export function isSameState(a: ApiObject, b: ApiObject): boolean {
  return deepEqual(withoutTimes(a), withoutTimes(b));
}

function withoutTimes(object: ApiObject): ApiObject {
  const { managedFields, resourceVersion: _, ...metadata } = object.metadata;
  if (!managedFields) return { ...object, metadata };
  const timeless = managedFields.map((entry) => ({ ...(entry as object), time: undefined }));
  return { ...object, metadata: { ...metadata, managedFields: timeless } };
}
