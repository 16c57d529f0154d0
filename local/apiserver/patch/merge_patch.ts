import type { JsonObject } from "../schema/schema.ts";
import { isObject, setField } from "../schema/json_object.ts";

/**
 * Applies a JSON merge patch (RFC 7386): null removes, objects merge, all else replaces.
 * Neither argument is changed; the result may share parts with both.
 */
export function mergePatch(current: JsonObject, patch: JsonObject): JsonObject {
  return merged(current, patch) as JsonObject;
}

function merged(current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(current) ? { ...current } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else setField(out, key, merged(own(out, key), value));
  }
  return out;
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
