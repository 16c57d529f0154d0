/** Checks that a JSON value has the type which a field must have. */
import type { JSONObject, JSONValue } from "@cloudydeno/kubernetes-client/lib/contract.ts";

/** A value that the API's list of allowed ones did not have when the code was generated. */
export type UnexpectedEnumValue = string & { unexpected: never };

/** Any JSON, as it is. */
export function identity(input: JSONValue): JSONValue {
  return input;
}

/** `null` and `undefined` stay what they are, all else is mapped. */
export function readOpt<T>(input: JSONValue, mapper: (raw: JSONValue) => T): T | null | undefined {
  return input == null ? input : mapper(input);
}

export function checkStr(input: JSONValue): string {
  return typeof input === "string" ? input : refuse(input, "a string");
}

export function checkNum(input: JSONValue): number {
  return typeof input === "number" ? input : refuse(input, "a number");
}

export function checkBool(input: JSONValue): boolean {
  return typeof input === "boolean" ? input : refuse(input, "a boolean");
}

export function checkObj(input: JSONValue): JSONObject {
  if (input === null || typeof input !== "object") return refuse(input, "an object");
  if (Array.isArray(input)) throw new Error("Didn't expect an array here, but got one anyway");
  return input;
}

export function readList<V>(input: JSONValue, encoder: (x: JSONValue) => V): Array<V> {
  return Array.isArray(input) ? input.map((item) => encoder(item)) : refuse(input, "an array");
}

/** The result has no prototype. */
export function readMap<V>(
  input: JSONValue,
  valEncoder: (x: JSONValue) => V,
): Record<string, V> {
  const source = checkObj(input);
  const map: Record<string, V> = Object.create(null);
  for (const key of Object.keys(source)) map[key] = valEncoder(source[key]);
  return map;
}

/** Leaves out entries that are null. The result has no prototype. */
export function writeMap<T, U extends JSONValue>(
  input: Record<string, T> | null | undefined,
  valEncoder: (x: T) => U,
): JSONValue {
  if (input == null) return input;
  const map: Record<string, U> = Object.create(null);
  for (const [key, value] of Object.entries(input)) {
    if (value != null) map[key] = valEncoder(value);
  }
  return map;
}

/** A string; that it is one of those listed is not checked. */
export function readEnum<T extends string>(raw: unknown): T {
  if (raw == null) throw new Error("Expected a string here, but got null");
  return (typeof raw === "string" ? raw : refuse(raw, "a string")) as T;
}

function refuse(input: unknown, expected: string): never {
  if (input == null) throw new Error("Expected a value here, but got null");
  throw new Error(`Expected ${expected} here, but got a ${typeof input}`);
}
