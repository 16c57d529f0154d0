/**
 * What Deployments and other workloads must be.
 *
 * @module
 */

import type { Complaints } from "./complaints.ts";
import { notSupported } from "./field_error.ts";
import type { JsonObject } from "./schema.ts";
import {
  selects,
  validateAnnotations,
  validateLabels,
  validateSelector,
} from "./validate_metadata.ts";
import { validatePodSpec } from "./validate_pod.ts";

/** Checks one kind; `old` is there on updates. */
export type Check = (out: Complaints, object: JsonObject, old?: JsonObject) => void;

/** Checks by kind. */
export const WORKLOAD_CHECKS: Record<string, Check> = {
  Deployment(out, object, old) {
    validateWorkload(out, object, "deployment", old);
    validateStrategy(out, object.spec.strategy ?? {});
    const { progressDeadlineSeconds, minReadySeconds = 0 } = object.spec;
    out.notNegative("spec.progressDeadlineSeconds", progressDeadlineSeconds);
    if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
      out.invalid(
        "spec.progressDeadlineSeconds",
        progressDeadlineSeconds,
        "must be greater than minReadySeconds",
      );
    }
  },
  ReplicaSet(out, object, old) {
    validateWorkload(out, object, "ReplicaSet", old);
  },
};

const DEADLINE_KINDS: Record<string, string> = {
  statefulset: "StatefulSet",
  daemonset: "DaemonSet",
};

/** What all that run pods for ever have in common. */
export function validateWorkload(
  out: Complaints,
  object: JsonObject,
  kind: string,
  old?: JsonObject,
): void {
  const spec = object.spec ?? {};
  for (const name of ["replicas", "minReadySeconds", "revisionHistoryLimit"]) {
    out.notNegative(`spec.${name}`, spec[name]);
  }
  if (old) out.immutable("spec.selector", spec.selector, old.spec?.selector);
  if (!validateTemplateSelector(out, spec, kind)) return;
  // a stateful set's template mounts volumes that come from claims, and is looked at in its pods
  if (kind === "statefulset") validateMetadataOf(out, spec.template ?? {}, "spec.template");
  else validateTemplate(out, spec.template ?? {}, "spec.template");
  const policy = spec.template?.spec?.restartPolicy;
  if (policy && policy !== "Always") {
    out.add(notSupported("spec.template.spec.restartPolicy", policy, ["Always"]));
  }
  if (spec.template?.spec?.activeDeadlineSeconds !== undefined) {
    out.forbidden(
      "spec.template.spec.activeDeadlineSeconds",
      `activeDeadlineSeconds in ${DEADLINE_KINDS[kind] ?? "ReplicaSet"} is not Supported`,
    );
  }
}

/** Whether the selector can be used; with one that cannot, the template is not looked at. */
function validateTemplateSelector(out: Complaints, spec: JsonObject, kind: string): boolean {
  const { selector } = spec;
  const labels = spec.template?.metadata?.labels ?? {};
  if (selector) {
    const before = out.list.length;
    validateSelector(out, selector, "spec.selector");
    const isEmpty = Object.keys(selector.matchLabels ?? {}).length === 0 &&
      (selector.matchExpressions ?? []).length === 0;
    if (isEmpty) {
      out.invalid("spec.selector", selector, `empty selector is invalid for ${kind}`);
      return true;
    }
    if (out.list.length > before) {
      out.invalid("spec.selector", selector, "invalid label selector");
      return false;
    }
  } else {
    out.required("spec.selector");
  }
  if (!selector || !selects(selector, labels)) {
    out.invalid(
      "spec.template.metadata.labels",
      labels,
      "`selector` does not match template `labels`",
    );
  }
  return true;
}

/** Complains about a pod template. */
export function validateTemplate(out: Complaints, template: JsonObject, field: string): void {
  validateMetadataOf(out, template, `${field}.metadata`);
  validatePodSpec(out, template.spec ?? {}, `${field}.spec`);
}

function validateMetadataOf(out: Complaints, { metadata }: JsonObject, field: string): void {
  validateLabels(out, metadata?.labels, `${field}.labels`);
  validateAnnotations(out, metadata?.annotations, `${field}.annotations`);
}

function validateStrategy(out: Complaints, strategy: JsonObject): void {
  const { type, rollingUpdate } = strategy;
  if (type !== "Recreate" && type !== "RollingUpdate") {
    const value = { Type: type, RollingUpdate: rollingUpdate ?? null };
    out.add(notSupported("spec.strategy", value, ["Recreate", "RollingUpdate"]));
  }
  if (type === "Recreate" && rollingUpdate) {
    out.forbidden(
      "spec.strategy.rollingUpdate",
      "may not be specified when strategy `type` is 'Recreate'",
    );
  }
  if (type !== "RollingUpdate" || !rollingUpdate) return;
  const field = "spec.strategy.rollingUpdate";
  const { maxUnavailable, maxSurge } = rollingUpdate;
  validateShare(out, maxUnavailable, `${field}.maxUnavailable`);
  validateShare(out, maxSurge, `${field}.maxSurge`);
  if (shareValue(maxUnavailable) === 0 && shareValue(maxSurge) === 0) {
    out.invalid(`${field}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0");
  }
  if (String(maxUnavailable).endsWith("%") && shareValue(maxUnavailable) > 100) {
    out.invalid(`${field}.maxUnavailable`, maxUnavailable, "must not be greater than 100%");
  }
}

/** A count or a percentage. */
export function validateShare(out: Complaints, share: unknown, field: string): void {
  if (typeof share === "number") out.notNegative(field, share);
  else if (typeof share === "string" && !/^[0-9]+%$/.test(share)) {
    out.invalid(
      field,
      share,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or " +
        "'93%', regex used for validation is '[0-9]+%')",
    );
  }
}

/** The number of a count or percentage. */
export function shareValue(share: unknown): number {
  return typeof share === "number" ? share : parseInt(String(share ?? 0), 10);
}
