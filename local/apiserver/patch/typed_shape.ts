/**
 * How values are seen through a schema: what merges field by field, item by item, or as a whole.
 * `undefined` is "not there", null is "there and empty".
 *
 * @module
 */

import type { JsonObject, Schema } from "../schema/schema.ts";
import { pathText } from "./field_set.ts";
import { isObject } from "../schema/json_object.ts";

/** A value that does not fit its schema. */
export class TypedError extends Error {
  constructor(path: readonly string[], detail: string) {
    super(`${pathText(path)}: ${detail}`);
    this.name = "TypedError";
  }
}

/** How the walk goes on below a value. */
export type Shape = "leaf" | "map" | "list";

/** How the walk goes on below a value of this type. */
export function shapeOf(schema: Schema): Shape {
  if (schema.type === "object" || schema.type === "map") return schema.atomic ? "leaf" : "map";
  return schema.type === "list" && schema.listType !== "atomic" ? "list" : "leaf";
}

/** What a field's or key's value is. */
export function childOf(schema: Schema, key: string): Schema {
  const child = schema.type === "map" ? schema.values : schema.fields?.[key];
  return child ?? { type: "any" };
}

/** An item's path element in its list. */
export function itemElement(
  item: unknown,
  schema: Schema,
  path: readonly string[],
  index: number,
): string {
  if (schema.listType === "set") return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) {
    throw new TypedError(
      path,
      `element ${index}: associative list with keys may not have non-map elements`,
    );
  }
  const keys: JsonObject = {};
  for (const key of [...schema.mapKeys ?? []].sort()) {
    const value = item[key] ?? schema.items?.keyDefaults?.[key];
    if (value === undefined) {
      throw new TypedError(
        path,
        `element ${index}: associative list with keys has an element that omits key field ` +
          `${JSON.stringify(key)} (and doesn't have default value)`,
      );
    }
    keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

/** Items by element; several where the API allowed duplicates. */
export function indexItems(
  list: unknown[],
  schema: Schema,
  path: readonly string[],
): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  list.forEach((item, i) => {
    const element = itemElement(item, schema, path, i);
    const same = out.get(element);
    if (same) same.push(item);
    else out.set(element, [item]);
  });
  return out;
}

/** The list; an empty one if it is not there. */
export function asList(value: unknown, path: readonly string[]): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypedError(path, `expected list, got ${typeName(value)}`);
  return value;
}

/** The map; an empty one if it is not there. */
export function asMap(value: unknown, path: readonly string[]): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypedError(path, `expected map, got ${typeName(value)}`);
  return value;
}

/** The type's name, for messages. */
export function typeName(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

/** Nothing, or nothing in it. */
export function isVoid(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value)
    ? value.length === 0
    : isObject(value) && Object.keys(value).length === 0;
}
