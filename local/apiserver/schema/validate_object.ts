import type { FieldError } from "./field_error.ts";
import type { GroupVersionKind, JsonObject } from "./schema.ts";

/** How {@linkcode validateObject} judges. */
export interface ValidateObjectOptions {
  /** The stored object, when this is an update. */
  old?: JsonObject;
  /** The subresource that is written, for example `status`. */
  subresource?: string;
}

/** What an API server would refuse with 422; empty if it would take the object. */
export function validateObject(
  _object: JsonObject,
  _gvk: GroupVersionKind,
  _options: ValidateObjectOptions = {},
): FieldError[] {
  return [];
}
