/**
 * What an object must be beyond its types: names, values, what belongs together, what must not
 * change.
 *
 * @module
 */

import { Complaints } from "./complaints.ts";
import type { FieldError } from "./field_error.ts";
import type { GroupVersionKind, JsonObject } from "./schema.ts";
import { BATCH_CHECKS } from "./validate_batch.ts";
import { CORE_CHECKS } from "./validate_core.ts";
import { validateCoreEvent, validateNewEvent } from "./validate_event.ts";
import { validateMetadata } from "./validate_metadata.ts";
import { validatePodSpec, validatePodUpdate } from "./validate_pod.ts";
import { SET_CHECKS } from "./validate_sets.ts";
import { STORAGE_CHECKS } from "./validate_storage.ts";
import { type Check, WORKLOAD_CHECKS } from "./validate_workload.ts";

/** How {@linkcode validateObject} judges. */
export interface ValidateObjectOptions {
  /** The stored object, when this is an update. */
  old?: JsonObject;
  /** The subresource that is written, for example `status`: only metadata is checked then. */
  subresource?: string;
}

/** Seconds that a requested token lives at least: 10 minutes. */
const MIN_TOKEN_SECONDS = 600;

const CHECKS: Record<string, Check> = {
  ...CORE_CHECKS,
  ...SET_CHECKS,
  ...STORAGE_CHECKS,
  ...WORKLOAD_CHECKS,
  ...BATCH_CHECKS,
  Pod(out, pod, old) {
    if (old) validatePodUpdate(out, pod, old);
    validatePodSpec(out, pod.spec ?? {}, "spec");
  },
  Scale: (out, scale) => out.notNegative("spec.replicas", scale.spec?.replicas),
  TokenRequest(out, request) {
    const seconds = request.spec?.expirationSeconds;
    if (typeof seconds === "number" && seconds < MIN_TOKEN_SECONDS) {
      out.invalid(
        "spec.expirationSeconds",
        seconds,
        "may not specify a duration less than 10 minutes",
      );
    }
  },
};

function checkOf(gvk: GroupVersionKind): Check | undefined {
  if (gvk.kind === "Event") return gvk.group === "" ? validateCoreEvent : validateNewEvent;
  return Object.hasOwn(CHECKS, gvk.kind) ? CHECKS[gvk.kind] : undefined;
}

/**
 * What an API server would refuse with 422; empty if it would take the object. `object` has its
 * defaults, its name and what its kind's storage gives it. Never throws for objects that
 * `validate` took.
 */
export function validateObject(
  object: JsonObject,
  gvk: GroupVersionKind,
  options: ValidateObjectOptions = {},
): FieldError[] {
  const out = new Complaints();
  validateMetadata(out, object, gvk.kind);
  if (!options.subresource) checkOf(gvk)?.(out, object, options.old);
  return out.list;
}
