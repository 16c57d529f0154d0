/** A key and its value as they stand in heads and leaves. */
import { quote } from "../../runtime/mod.ts";
import { bytesOf, MAX_KEY_BYTES } from "./limits.ts";

/** What is particular about a value. */
export interface EntryMore {
  /** The value is a text: its JSON, compressed by `deflate-raw`, in base64. */
  readonly z?: 1;
  /** It is deleted so many milliseconds after it was seen, at the earliest. */
  readonly ttl?: number;
}

/** What is stored of a value. */
export type Stored = readonly [data: unknown, more?: EntryMore];

/** A key, the version of its last change, and its value; without one it is deleted. */
export type Entry = readonly [key: string, version: number, ...stored: Stored | []];

/** Whether the key was deleted. */
export function isDeletion(entry: Entry): boolean {
  return entry.length === 2;
}

/** Bytes that an entry takes, with the comma after it. */
export function sizeOf(entry: Entry): number {
  return bytesOf(JSON.stringify(entry)) + 1;
}

/** Whether something read is an entry, as far as its parts are concerned. */
export function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length < 2 || value.length > 4) return false;
  const [key, version, , more] = value;
  return typeof key === "string" && Number.isSafeInteger(version) &&
    (more === undefined || typeof more === "object" && more !== null);
}

/** The order of keys: by UTF-16 code units, as `<` compares strings. */
export function byKey([a]: Entry, [b]: Entry): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of changes. */
export function byVersion([, a]: Entry, [, b]: Entry): number {
  return a - b;
}

/** Keys that begin with it are not the user's. */
const RESERVED = "\u0000";

/** The key that the highest token of a scope stands under, as a value like others. */
export function fenceKey(scope: string): string {
  return `${RESERVED}${scope}`;
}

/** Whether a key is one of the user's. */
export function isUserKey(key: string): boolean {
  return !key.startsWith(RESERVED);
}

/**
 * Checks a key of the user's.
 *
 * @throws {TypeError} saying what was given and what is allowed
 */
export function checkKey(key: unknown, { cannot }: { cannot: string }): void {
  if (typeof key === "string" && key !== "" && isUserKey(key) && bytesOf(key) <= MAX_KEY_BYTES) {
    return;
  }
  const given = typeof key === "string" && key !== "" && isUserKey(key)
    ? `it takes ${bytesOf(key)} bytes`
    : `given ${quote(key)}`;
  throw new TypeError(
    `${cannot}: ${given}, allowed as a key is a string of 1 to ${MAX_KEY_BYTES} bytes that does not begin ` +
      "with U+0000",
  );
}
