/** Cheap looks at a message, before anything is done with it. */
import { Buffer } from "node:buffer";

/** Bytes of UTF-8 that one UTF-16 unit can become. */
const MAX_BYTES_PER_UNIT = 3;

/** Whether a text has more bytes than that as UTF-8; it is counted only where its length does not tell. */
export function isLonger(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  if (text.length * MAX_BYTES_PER_UNIT <= bytes) return false;
  return Buffer.byteLength(text) > bytes;
}

/**
 * Whether a JSON value has more lists and objects within each other than that. `JSON.parse` takes any
 * depth, but what walks over its result later would run out of stack. (Looking at the text instead takes
 * as long as parsing it.)
 */
export function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  if (Array.isArray(value)) {
    for (const inner of value) {
      if (typeof inner === "object" && isDeeper(inner, depth - 1)) return true;
    }
    return false;
  }
  for (const field in value) {
    const inner = (value as Record<string, unknown>)[field];
    if (typeof inner === "object" && isDeeper(inner, depth - 1)) return true;
  }
  return false;
}
