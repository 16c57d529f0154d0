/**
 * What an object must be beyond its types: names, values, what belongs together, what must not
 * change.
 *
 * @module
 */

import { Complaints } from "./complaints.ts";
import type { FieldError } from "./field_error.ts";
import type { GroupVersionKind, JsonObject } from "./schema.ts";
import { CORE_CHECKS } from "./validate_core.ts";
import { validateMetadata } from "./validate_metadata.ts";
import { validatePodSpec, validatePodUpdate } from "./validate_pod.ts";
import { type Check, WORKLOAD_CHECKS } from "./validate_workload.ts";

/** How {@linkcode validateObject} judges. */
export interface ValidateObjectOptions {
  /** The stored object, when this is an update. */
  old?: JsonObject;
  /** The subresource that is written, for example `status`: only metadata is checked then. */
  subresource?: string;
}

const CHECKS: Record<string, Check> = {
  ...CORE_CHECKS,
  ...WORKLOAD_CHECKS,
  Pod(out, pod, old) {
    if (old) validatePodUpdate(out, pod, old);
    validatePodSpec(out, pod.spec ?? {}, "spec");
  },
};

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
  if (!options.subresource && Object.hasOwn(CHECKS, gvk.kind)) {
    CHECKS[gvk.kind]!(out, object, options.old);
  }
  return out.list;
}
