/**
 * What a pod's specification must be, in a Pod or a template.
 *
 * @module
 */

import { type Complaints, entries, same } from "./complaints.ts";
import { label, qualifiedName, subdomain } from "./name_rules.ts";
import { objects } from "./pod_defaults.ts";
import type { JsonObject } from "./schema.ts";
import { validateContainers } from "./validate_container.ts";
import { validateLabels } from "./validate_metadata.ts";

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const MAX_INT32 = 2 ** 31 - 1;

/** Complains about a pod's specification. */
export function validatePodSpec(out: Complaints, spec: JsonObject, field: string): void {
  validateVolumes(out, spec, `${field}.volumes`);
  validateContainers(out, spec, field);
  out.oneOf(`${field}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"]);
  out.oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, [
    "ClusterFirstWithHostNet",
    "ClusterFirst",
    "Default",
    "None",
  ]);
  const deadline = spec.activeDeadlineSeconds;
  if (typeof deadline === "number" && (deadline < 1 || deadline > MAX_INT32)) {
    out.invalid(
      `${field}.activeDeadlineSeconds`,
      deadline,
      `must be between 1 and ${MAX_INT32}, inclusive`,
    );
  }
  validateLabels(out, spec.nodeSelector, `${field}.nodeSelector`);
  out.optional(`${field}.serviceAccountName`, spec.serviceAccountName, subdomain);
  out.optional(`${field}.nodeName`, spec.nodeName, subdomain);
  out.optional(`${field}.hostname`, spec.hostname, label);
  out.optional(`${field}.subdomain`, spec.subdomain, label);
  out.optional(`${field}.priorityClassName`, spec.priorityClassName, subdomain);
  validateTolerations(out, spec.tolerations, `${field}.tolerations`);
}

function validateVolumes(out: Complaints, spec: JsonObject, field: string): void {
  const volumes = entries(spec.volumes, field);
  for (const { item, at } of volumes) {
    if (out.has(`${at}.name`, item.name)) out.rule(`${at}.name`, item.name, label);
    const sources = Object.keys(item).filter((key) => key !== "name" && item[key] !== null);
    for (const source of sources.slice(1)) {
      out.forbidden(`${at}.${source}`, "may not specify more than 1 volume type");
    }
    if (sources.length === 0) out.required(at, "must specify a volume type");
    if (item.hostPath) out.has(`${at}.hostPath.path`, item.hostPath.path);
    if (item.configMap) out.has(`${at}.configMap.name`, item.configMap.name);
    if (item.secret) out.has(`${at}.secret.secretName`, item.secret.secretName);
  }
  out.unique(volumes.map(({ item, at }) => ({ field: `${at}.name`, value: item.name })));
}

function validateTolerations(out: Complaints, tolerations: unknown, field: string): void {
  for (const { item, at } of entries(tolerations, field)) {
    out.optional(`${at}.key`, item.key, qualifiedName);
    const operator = item.operator || "Equal";
    if (!item.key && operator !== "Exists") {
      out.invalid(
        `${at}.operator`,
        item.operator ?? "",
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (operator === "Exists" && item.value) {
      out.invalid(`${at}.operator`, item, "value must be empty when `operator` is 'Exists'");
    } else {
      out.oneOf(`${at}.operator`, operator, ["Equal", "Exists", "Gt", "Lt"]);
    }
    out.oneOf(`${at}.effect`, item.effect, EFFECTS);
    if (item.tolerationSeconds !== undefined && item.effect !== "NoExecute") {
      out.invalid(
        `${at}.effect`,
        item.effect ?? "",
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      );
    }
  }
}

/** What only a Pod itself may not change. */
export function validatePodUpdate(out: Complaints, pod: JsonObject, old: JsonObject): void {
  const [spec, before] = [pod.spec ?? {}, old.spec ?? {}];
  for (const list of ["containers", "initContainers"]) {
    if (objects(spec[list]).length !== objects(before[list]).length) {
      out.forbidden(`spec.${list}`, "pod updates may not add or remove containers");
      return;
    }
  }
  validateDeadlineUpdate(out, spec.activeDeadlineSeconds, before.activeDeadlineSeconds);
  const kept = objects(before.tolerations).every((toleration) =>
    objects(spec.tolerations).some((t) => frozenToleration(t) === frozenToleration(toleration))
  );
  if (!kept) {
    out.forbidden(
      "spec.tolerations",
      "existing toleration can not be modified except its tolerationSeconds",
    );
    return;
  }
  const changed = changedFields(frozen(spec, before), frozen(before, before));
  if (changed.length === 0) return;
  out.forbidden(
    "spec",
    "pod updates may not change fields other than `spec.containers[*].image`," +
      "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only " +
      "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be " +
      `set to 1 if it was previously negative); changed: ${changed.join(", ")}`,
  );
}

function validateDeadlineUpdate(out: Complaints, next: unknown, old: unknown): void {
  if (typeof old !== "number") return;
  const field = "spec.activeDeadlineSeconds";
  if (typeof next !== "number") {
    out.invalid(field, next, "must not update from a positive integer to nil value");
  } else if (next > old) {
    out.invalid(field, next, "must be less than or equal to previous value");
  }
}

function frozenToleration({ tolerationSeconds: _, ...rest }: JsonObject): string {
  return JSON.stringify(Object.entries(rest).sort());
}

/** The specification without what may change. */
function frozen(spec: JsonObject, before: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _a, tolerations: _t, schedulingGates: _g, ...rest } = spec;
  const gated = objects(before.schedulingGates).length > 0;
  if (before.terminationGracePeriodSeconds < 0) delete rest.terminationGracePeriodSeconds;
  if (gated) {
    delete rest.nodeSelector;
    delete rest.affinity;
  }
  for (const list of ["containers", "initContainers"]) {
    rest[list] = objects(rest[list]).map(({ image: _, ...container }) => container);
  }
  return rest;
}

function changedFields(next: JsonObject, old: JsonObject): string[] {
  const text = (value: unknown) => JSON.stringify(value ?? null);
  const isEmpty = (value: unknown) => ["null", "[]", "{}"].includes(text(value));
  return [...new Set([...Object.keys(next), ...Object.keys(old)])].filter((key) =>
    !(isEmpty(next[key]) && isEmpty(old[key])) && !same(next[key], old[key])
  ).map((key) => `spec.${key}`);
}
