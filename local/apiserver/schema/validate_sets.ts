/**
 * What StatefulSets, DaemonSets and their revisions must be.
 *
 * @module
 */

import { type Complaints, same } from "./complaints.ts";
import { notSupported } from "./field_error.ts";
import type { JsonObject } from "./schema.ts";
import { type Check, shareValue, validateShare, validateWorkload } from "./validate_workload.ts";

/** Fields of a StatefulSet's specification that may change. */
const STATEFUL_SET_MUTABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

/** Checks by kind. */
export const SET_CHECKS: Record<string, Check> = {
  ControllerRevision(out, revision, old) {
    if (revision.data === undefined || revision.data === null) {
      out.required("data", "data is mandatory");
    }
    out.notNegative("revision", revision.revision);
    if (old) out.immutable("data", revision.data, old.data);
  },
  DaemonSet(out, object, old) {
    validateWorkload(out, object, "daemonset", old);
    validateDaemonStrategy(out, object.spec.updateStrategy ?? {});
  },
  StatefulSet(out, object, old) {
    validateWorkload(out, object, "statefulset");
    validateStatefulSet(out, object.spec);
    if (!old || same(fixed(object.spec), fixed(old.spec ?? {}))) return;
    out.forbidden(
      "spec",
      "updates to statefulset spec for fields other than " +
        `${STATEFUL_SET_MUTABLE.slice(0, -1).map((field) => `'${field}'`).join(", ")} and ` +
        "'minReadySeconds' are forbidden",
    );
  },
};

function fixed(spec: JsonObject): JsonObject {
  const entries = Object.entries(spec).filter(([key]) => !STATEFUL_SET_MUTABLE.includes(key));
  return Object.fromEntries(entries);
}

function validateStatefulSet(out: Complaints, spec: JsonObject): void {
  const { podManagementPolicy, updateStrategy = {} } = spec;
  if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    out.invalid(
      "spec.podManagementPolicy",
      podManagementPolicy,
      "must be 'OrderedReady' or 'Parallel'",
    );
  }
  const { type, rollingUpdate } = updateStrategy;
  const field = "spec.updateStrategy";
  if (type === "RollingUpdate") {
    out.notNegative(`${field}.rollingUpdate.partition`, rollingUpdate?.partition);
  } else if (type !== "OnDelete") {
    out.invalid(field, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'");
  } else if (rollingUpdate) {
    out.invalid(
      `${field}.rollingUpdate`,
      rollingUpdate,
      "only allowed for updateStrategy 'RollingUpdate'",
    );
  }
  out.notNegative("spec.ordinals.start", spec.ordinals?.start);
  for (const name of ["whenDeleted", "whenScaled"]) {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[name];
    out.oneOf(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy, ["Delete", "Retain"]);
  }
}

function validateDaemonStrategy(out: Complaints, strategy: JsonObject): void {
  const field = "spec.updateStrategy";
  if (strategy.type === "OnDelete") return;
  if (strategy.type !== "RollingUpdate") {
    out.add(notSupported(field, strategy, ["RollingUpdate", "OnDelete"]));
    return;
  }
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  validateShare(out, maxUnavailable, `${field}.rollingUpdate.maxUnavailable`);
  validateShare(out, maxSurge, `${field}.rollingUpdate.maxSurge`);
  const [unavailable, surge] = [shareValue(maxUnavailable), shareValue(maxSurge)];
  if (unavailable > 0 && surge > 0) {
    out.invalid(
      `${field}.rollingUpdate.maxSurge`,
      maxSurge,
      "may not be set when maxUnavailable is non-zero",
    );
  }
  if (unavailable === 0 && surge === 0) {
    out.required(`${field}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0");
  }
}
