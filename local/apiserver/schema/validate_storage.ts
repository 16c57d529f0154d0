/**
 * What volumes, claims to them and their classes must be.
 *
 * @module
 */

import { type Complaints, same } from "./complaints.ts";
import { notSupported } from "./field_error.ts";
import { qualifiedName, subdomain } from "./name_rules.ts";
import { compareQuantities } from "./quantity.ts";
import type { JsonObject } from "./schema.ts";
import type { Check } from "./validate_workload.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];
const VOLUME_MODES = ["Block", "Filesystem"];

/** Fields of a volume's specification that are not its source. */
const VOLUME_FIELDS = [
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
];

/** Checks by kind. */
export const STORAGE_CHECKS: Record<string, Check> = {
  PersistentVolume(out, { spec = {} }, old) {
    validateModes(out, spec, "");
    validateCapacity(out, spec.capacity);
    validateSource(out, spec);
    out.oneOf(
      "spec.persistentVolumeReclaimPolicy",
      spec.persistentVolumeReclaimPolicy,
      RECLAIM_POLICIES,
    );
    out.optional("spec.storageClassName", spec.storageClassName, subdomain);
    if (!old) return;
    if (!same(sourceOf(spec), sourceOf(old.spec ?? {}))) {
      const field = "spec.persistentvolumesource";
      out.forbidden(field, `${field} is immutable after creation`);
    }
    out.immutable("spec.volumeMode", spec.volumeMode, old.spec?.volumeMode);
  },
  PersistentVolumeClaim(out, { spec = {} }, old) {
    validateModes(out, spec, "at least 1 access mode is required");
    const storage = spec.resources?.requests?.storage;
    if (storage === undefined) out.required("spec.resources[storage]");
    else if (isLess(storage, "0", true)) {
      out.invalid("spec.resources[storage]", storage, "must be greater than zero");
    }
    out.optional("spec.storageClassName", spec.storageClassName, subdomain);
    if (old) validateClaimUpdate(out, spec, old);
  },
  StorageClass(out, object, old) {
    if (out.has("provisioner", object.provisioner)) {
      out.rule("provisioner", String(object.provisioner).toLowerCase(), qualifiedName);
    }
    out.oneOf("reclaimPolicy", object.reclaimPolicy, ["Delete", "Retain"]);
    out.oneOf("volumeBindingMode", object.volumeBindingMode, [
      "Immediate",
      "WaitForFirstConsumer",
    ]);
    if (!old) return;
    for (const field of ["parameters", "provisioner", "reclaimPolicy"]) {
      if (!same(object[field] ?? {}, old[field] ?? {})) {
        out.forbidden(field, `updates to ${field} are forbidden.`);
      }
    }
    out.immutable("volumeBindingMode", object.volumeBindingMode, old.volumeBindingMode);
  },
};

/** Whether both are quantities and the first one is smaller, or the same. */
function isLess(a: unknown, b: unknown, orSame = false): boolean {
  if (typeof a !== "string" || typeof b !== "string") return false;
  const order = compareQuantities(a, b);
  return order === -1 || (orSame && order === 0);
}

function validateModes(out: Complaints, spec: JsonObject, detail: string): void {
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes : [];
  if (modes.length === 0) out.required("spec.accessModes", detail);
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) out.add(notSupported("spec.accessModes", mode, ACCESS_MODES));
  }
  out.oneOf("spec.volumeMode", spec.volumeMode, VOLUME_MODES);
}

function validateCapacity(out: Complaints, capacity: JsonObject | undefined): void {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) out.required("spec.capacity");
  if (names.length !== 1 || names[0] !== "storage") {
    out.add(notSupported("spec.capacity", capacity ?? {}, ["storage"]));
  }
  for (const name of names) {
    const value = capacity?.[name];
    const field = `spec.capacity[${name}]`;
    if (isLess(value, "0")) out.invalid(field, value, "must be greater than or equal to 0");
    if (isLess(value, "0", true)) out.invalid(field, value, "must be greater than zero");
  }
}

function validateSource(out: Complaints, spec: JsonObject): void {
  const sources = Object.keys(sourceOf(spec)).sort();
  if (sources.length === 0) out.required("spec", "must specify a volume type");
  for (const source of sources.slice(1)) {
    out.forbidden(`spec.${source}`, "may not specify more than 1 volume type");
  }
  for (const source of ["hostPath", "local"]) {
    const path = spec[source]?.path;
    if (!spec[source] || !out.has(`spec.${source}.path`, path)) continue;
    if (String(path).split("/").includes("..")) {
      out.invalid(`spec.${source}.path`, path, "must not contain '..'");
    }
  }
  if (spec.local && !spec.nodeAffinity) {
    out.required("spec.nodeAffinity", "Local volume requires node affinity");
  }
}

function sourceOf(spec: JsonObject): JsonObject {
  const entries = Object.entries(spec).filter(([field, value]) =>
    !VOLUME_FIELDS.includes(field) && value !== undefined && value !== null
  );
  return Object.fromEntries(entries);
}

/** A claim may be given its volume once; a bound one may ask for more. */
function validateClaimUpdate(out: Complaints, spec: JsonObject, old: JsonObject): void {
  const before: JsonObject = old.spec ?? {};
  const isBound = old.status?.phase === "Bound";
  const frozen = ({ volumeAttributesClassName: _, ...rest }: JsonObject) => ({
    ...rest,
    ...(!before.volumeName && { volumeName: "" }),
    ...(isBound && { resources: { ...rest.resources, requests: {} } }),
  });
  if (!same(frozen(spec), frozen(before))) {
    out.forbidden(
      "spec",
      "spec is immutable after creation except resources.requests and " +
        "volumeAttributesClassName for bound claims",
    );
  }
  const [wanted, had] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  if (isLess(wanted, had)) {
    out.forbidden(
      "spec.resources.requests.storage",
      "field can not be less than previous value",
    );
  }
}
