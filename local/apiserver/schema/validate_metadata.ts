/**
 * What metadata must be, for all kinds.
 *
 * @module
 */

import type { Complaints } from "./complaints.ts";
import { entries } from "./complaints.ts";
import { tooLong } from "./field_error.ts";
import {
  label,
  label1035,
  labelValue,
  pathSegment,
  qualifiedName,
  type Rule,
  subdomain,
} from "./name_rules.ts";
import type { JsonObject } from "./schema.ts";

/** All annotations of an object together: 256 KiB. */
const MAX_ANNOTATIONS = 256 * 1024;

/** Finalizers that have no domain. */
const STANDARD_FINALIZERS = ["kubernetes", "orphan", "foregroundDeletion"];

/** Rules for names, where they are not the usual ones. */
const NAME_RULES: Record<string, Rule> = {
  ClusterRole: pathSegment,
  ClusterRoleBinding: pathSegment,
  Namespace: label,
  Role: pathSegment,
  RoleBinding: pathSegment,
  Service: label1035,
};

/** Complains about an object's name and the rest of its metadata. */
export function validateMetadata(out: Complaints, object: JsonObject, kind: string): void {
  const metadata = object.metadata ?? {};
  const rule = Object.hasOwn(NAME_RULES, kind) ? NAME_RULES[kind]! : subdomain;
  if (metadata.generateName && !metadata.name) {
    // what is generated ends well: a trailing dash is no fault
    out.rule(
      "metadata.generateName",
      metadata.generateName,
      (text) => rule(text.replace(/-+$/, "a")),
    );
  }
  if (metadata.name) out.rule("metadata.name", metadata.name, rule);
  else out.required("metadata.name", "name or generateName is required");
  validateLabels(out, metadata.labels, "metadata.labels");
  validateAnnotations(out, metadata.annotations, "metadata.annotations");
  validateOwners(out, metadata.ownerReferences);
  for (const [i, finalizer] of (metadata.finalizers ?? []).entries()) {
    out.rule("metadata.finalizers", finalizer, qualifiedName);
    if (!finalizer.includes("/") && !STANDARD_FINALIZERS.includes(finalizer)) {
      out.invalid(
        `metadata.finalizers[${i}]`,
        finalizer,
        "name is neither a standard finalizer name nor is it fully qualified",
      );
    }
  }
}

/** Complains about keys and values of labels. */
export function validateLabels(out: Complaints, labels: unknown, field: string): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    out.rule(field, key, qualifiedName);
    out.rule(field, value, labelValue);
  }
}

/** Complains about keys of annotations, and about too many. */
export function validateAnnotations(out: Complaints, annotations: unknown, field: string): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const detail of qualifiedName(key.toLowerCase())) out.invalid(field, key, detail);
    size += key.length + String(value).length;
  }
  if (size > MAX_ANNOTATIONS) out.add(tooLong(field, MAX_ANNOTATIONS));
}

function validateOwners(out: Complaints, owners: unknown): void {
  const field = "metadata.ownerReferences";
  const controllers: string[] = [];
  for (const { item } of entries(owners, field)) {
    for (const part of ["apiVersion", "kind", "name", "uid"]) {
      const what = part === "apiVersion" ? "version" : part;
      if (!item[part]) {
        out.invalid(`${field}.${part}`, item[part] ?? "", `${what} must not be empty`);
      }
    }
    if (item.controller) controllers.push(`${item.apiVersion}, Kind=${item.kind}`);
  }
  if (controllers.length > 1) {
    out.invalid(
      field,
      owners,
      'Only one reference can have Controller set to true. Found "true" in references for ' +
        controllers.slice(0, 2).join(" and "),
    );
  }
}

/** Complains about a label selector. */
export function validateSelector(
  out: Complaints,
  selector: JsonObject | undefined,
  field: string,
): void {
  validateLabels(out, selector?.matchLabels, `${field}.matchLabels`);
  for (const { item, at } of entries(selector?.matchExpressions, `${field}.matchExpressions`)) {
    const count = item.values?.length ?? 0;
    switch (item.operator) {
      case "In":
      case "NotIn":
        if (count === 0) {
          out.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        break;
      case "Exists":
      case "DoesNotExist":
        if (count > 0) {
          out.forbidden(
            `${at}.values`,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          );
        }
        break;
      default:
        out.invalid(`${at}.operator`, item.operator ?? "", "not a valid selector operator");
    }
    out.rule(`${at}.key`, item.key ?? "", qualifiedName);
  }
}

/** Whether a label selector selects labels. */
export function selects(selector: JsonObject, labels: JsonObject): boolean {
  const byLabel = Object.entries(selector.matchLabels ?? {}).every(([k, v]) => labels[k] === v);
  return byLabel && entries(selector.matchExpressions, "").every(({ item }) => {
    const present = Object.hasOwn(labels, item.key);
    const listed = present && (item.values ?? []).includes(labels[item.key]);
    switch (item.operator) {
      case "In":
        return listed;
      case "NotIn":
        return !listed;
      case "Exists":
        return present;
      default:
        return !present;
    }
  });
}
