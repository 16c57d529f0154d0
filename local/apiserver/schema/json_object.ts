import type { JsonObject } from "./schema.ts";

/** Whether `value` is a JSON object: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets an own field, whatever its name is: a ConfigMap may have a key `__proto__`. */
export function setField(target: JsonObject, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
