import type { Json } from "../wire/frame.ts";

/** Deepest nesting, in levels: what is deeper has a circle, or is no message. */
const MAX_DEPTH = 500;

/**
 * Checks that JSON can tell a value as it is, and returns it. Fields that are `undefined` are left out,
 * as JSON does.
 *
 * @param purpose beginning of the message, such as `Cannot ask "greet"`
 * @param root what the value is called in the message
 * @throws {TypeError} naming the place of what JSON cannot tell
 */
export function checkJson(value: unknown, purpose: string, root: string): Json | undefined {
  if (value === undefined) return undefined;
  const found = complaint(value, root, []);
  if (found !== undefined) throw new TypeError(`${purpose}: ${found}, which JSON cannot tell`);
  return value as Json;
}

/** What JSON cannot tell in a value, and where it is. */
function complaint(value: unknown, path: string, around: object[]): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `"${path}" is ${value}`;
    case "object":
      return value === null ? undefined : insideOf(value, path, around);
    case "undefined":
      return `"${path}" is undefined`;
    default:
      return `"${path}" is a ${typeof value}`;
  }
}

function insideOf(value: object, path: string, around: object[]): string | undefined {
  if (around.includes(value)) return `"${path}" is a circle`;
  if (around.length >= MAX_DEPTH) return `"${path}" is more than ${MAX_DEPTH} levels deep`;
  around.push(value);
  let found: string | undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && found === undefined; i++) {
      found = complaint(value[i], `${path}[${i}]`, around);
    }
  } else {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      found = `"${path}" is of class ${prototype.constructor?.name}`;
    } else {
      for (const field in value) {
        const inner = (value as Record<string, unknown>)[field];
        if (inner === undefined) continue;
        found = complaint(inner, `${path}.${field}`, around);
        if (found !== undefined) break;
      }
    }
  }
  around.pop();
  return found;
}

/** About how many bytes a value takes in memory: for bounds, at much less cost than its JSON. */
export function jsonBytes(value: Json | undefined): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 32;
  if (Array.isArray(value)) { for (const inner of value) bytes += jsonBytes(inner); }
  else for (const field in value) bytes += 16 + field.length + jsonBytes(value[field]);
  return bytes;
}
