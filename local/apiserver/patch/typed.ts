/**
 * Values seen through a schema: which fields they have, how two of them differ, merge, and shed
 * fields. The rules are those of Kubernetes' structured merge.
 *
 * `undefined` is "not there", null is "there and empty".
 *
 * @module
 */

import type { JsonObject, Schema } from "../schema/schema.ts";
import { fieldElement, FieldSet, FieldSetBuilder, pathText } from "./field_set.ts";
import { isObject, jsonEqual } from "./json.ts";

/** A value that does not fit its schema. */
export class TypedError extends Error {
  constructor(path: readonly string[], detail: string) {
    super(`${pathText(path)}: ${detail}`);
    this.name = "TypedError";
  }
}

/** How two objects differ. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

type Shape = "leaf" | "map" | "list";

/** How the walk goes on below a value of this type. */
function shapeOf(schema: Schema): Shape {
  if (schema.type === "object" || schema.type === "map") return schema.atomic ? "leaf" : "map";
  return schema.type === "list" && schema.listType !== "atomic" ? "list" : "leaf";
}

function childOf(schema: Schema, key: string): Schema {
  const child = schema.type === "map" ? schema.values : schema.fields?.[key];
  return child ?? { type: "any" };
}

/** An item's path element in its list. */
function itemElement(
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
function indexItems(
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

function asList(value: unknown, path: readonly string[]): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypedError(path, `expected list, got ${typeName(value)}`);
  return value;
}

function asMap(value: unknown, path: readonly string[]): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypedError(path, `expected map, got ${typeName(value)}`);
  return value;
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? "list" : typeof value;
}

/** The fields that `value` sets: what a manager that applies it owns. */
export function fieldSetOf(value: unknown, schema: Schema): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, schema, [], builder);
  return builder.build();
}

function collect(value: unknown, schema: Schema, path: string[], out: FieldSetBuilder): void {
  const shape = shapeOf(schema);
  if (shape === "leaf") {
    if (path.length > 0) out.add(path);
  } else if (shape === "list") {
    for (const [element, items] of indexItems(asList(value, path), schema, path)) {
      const at = [...path, element];
      out.add(at);
      if (items.length === 1) collect(items[0], schema.items!, at, out);
    }
  } else {
    for (const [key, item] of Object.entries(asMap(value, path))) {
      if (item === undefined) continue;
      const at = [...path, fieldElement(key)];
      collect(item, childOf(schema, key), at, out);
      const isEmpty = item === null || isObject(item) && Object.keys(item).length === 0;
      if (isEmpty || schema.type === "map") out.add(at);
    }
  }
}

/** How `after` differs from `before`. */
export function compare(before: unknown, after: unknown, schema: Schema): Comparison {
  const walk = {
    added: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
  };
  diff(before, after, schema, [], walk);
  return {
    added: walk.added.build(),
    modified: walk.modified.build(),
    removed: walk.removed.build(),
  };
}

type Walk = Record<keyof Comparison, FieldSetBuilder>;

function diff(before: unknown, after: unknown, schema: Schema, path: string[], walk: Walk): void {
  const shape = shapeOf(schema);
  // two empty values are leaves: that keeps "empty" and "not there" apart
  if (shape === "leaf" || isVoid(before) && isVoid(after)) {
    if (path.length === 0) return;
    if (before === undefined) walk.added.add(path);
    else if (after === undefined) walk.removed.add(path);
    else if (!jsonEqual(before, after)) walk.modified.add(path);
    return;
  }
  if (shape === "list") diffList(asList(before, path), asList(after, path), schema, path, walk);
  else {
    const [a, b] = [asMap(before, path), asMap(after, path)];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (a[key] === undefined && b[key] === undefined) continue;
      diff(a[key], b[key], childOf(schema, key), [...path, fieldElement(key)], walk);
    }
  }
  if (path.length === 0) return;
  if (before === undefined) walk.added.add(path);
  else if (after === undefined) walk.removed.add(path);
}

function diffList(
  before: unknown[],
  after: unknown[],
  schema: Schema,
  path: string[],
  walk: Walk,
): void {
  const a = indexItems(before, schema, path);
  const b = indexItems(after, schema, path);
  for (const element of new Set([...a.keys(), ...b.keys()])) {
    const at = [...path, element];
    const [left = [], right = []] = [a.get(element), b.get(element)];
    if (left.length <= 1 && right.length <= 1) {
      diff(left[0], right[0], schema.items!, at, walk);
    } else if (left.length > 1 && right.length > 1) {
      if (!jsonEqual(left, right)) walk.modified.add(at);
    } else if (left.length > 1) {
      // the duplicates' own mark goes; what is left is new
      if (right.length === 1) diff(undefined, right[0], schema.items!, at, walk);
      walk.removed.add(at);
    } else {
      if (left.length === 1) diff(left[0], undefined, schema.items!, at, walk);
      walk.added.add(at);
    }
  }
}

/** Nothing, or nothing in it. */
function isVoid(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value)
    ? value.length === 0
    : isObject(value) && Object.keys(value).length === 0;
}

/** `applied` over `live`: leaves of `applied` win, lists and maps merge as their schema says. */
export function merge(
  live: unknown,
  applied: unknown,
  schema: Schema,
  path: string[] = [],
): unknown {
  const shape = shapeOf(schema);
  if (shape === "leaf" || isVoid(live) && isVoid(applied)) {
    return applied === undefined ? live : applied;
  }
  if (shape === "list") return mergeList(asList(live, path), asList(applied, path), schema, path);
  const [a, b] = [asMap(live, path), asMap(applied, path)];
  const out: JsonObject = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const value = merge(a[key], b[key], childOf(schema, key), [...path, fieldElement(key)]);
    if (value !== undefined) out[key] = value;
  }
  return out;
}

/**
 * Applied items come in their own order; what only the live list has stays before the same shared
 * item that it stood before.
 */
function mergeList(live: unknown[], applied: unknown[], schema: Schema, path: string[]): unknown[] {
  const left = live.map((item, i) => itemElement(item, schema, path, i));
  const right = applied.map((item, i) => itemElement(item, schema, path, i));
  const inLive = indexItems(live, schema, path);
  const inApplied = new Map(right.map((element, i) => [element, applied[i]]));
  const shared = right.filter((element) => inLive.has(element));
  const merged = new Set<string>();
  const out: unknown[] = [];
  const take = (element: string) => {
    const same = inLive.get(element);
    // live duplicates are replaced by the one applied item
    const base = same?.length === 1 ? same[0] : undefined;
    out.push(merge(base, inApplied.get(element), schema.items!, [...path, element]));
    merged.add(element);
    if (shared[0] === element) shared.shift();
  };
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const element = left[l];
    if (element !== undefined && r < right.length) {
      if (element === right[r]) {
        take(element);
        l++;
        r++;
        continue;
      }
      if (inApplied.has(element) && shared[0] !== undefined && shared[0] !== element) {
        l++; // shared, but its turn is not now
        continue;
      }
    }
    if (element !== undefined) {
      if (!inApplied.has(element)) {
        out.push(live[l++]);
        continue;
      }
      if (merged.has(element)) l++;
    }
    if (r < right.length) take(right[r++]!);
  }
  return out;
}

/**
 * `value` without the fields in `fields`. A list or map that loses all that is in it stays, empty;
 * it goes only if it is in `fields` itself.
 */
export function removeFields(value: unknown, fields: FieldSet, schema: Schema): unknown {
  const shape = shapeOf(schema);
  if (shape === "list" && Array.isArray(value)) {
    return value.flatMap((item, i) => {
      const element = itemElement(item, schema, [], i);
      if (fields.members.has(element)) return [];
      const below = fields.below(element);
      return [below.isEmpty ? item : removeFields(item, below, schema.items!)];
    });
  }
  if (shape === "map" && isObject(value)) {
    const out: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      const element = fieldElement(key);
      if (fields.members.has(element)) continue;
      const below = fields.below(element);
      out[key] = below.isEmpty ? item : removeFields(item, below, childOf(schema, key));
    }
    return out;
  }
  return value;
}

/** Adds the named fields (not map keys) that lead to the set's paths. */
export function withNamedParents(set: FieldSet, schema: Schema): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const name = element.slice(2);
    const isField = element.startsWith("f:");
    if (isField && schema.fields?.[name]) members.add(element);
    const below = isField ? childOf(schema, name) : schema.items ?? { type: "any" };
    children.set(element, withNamedParents(child, below));
  }
  return new FieldSet(members, children);
}

/** Throws a {@linkcode TypedError} for an unknown field, a wrong type or a duplicate key. */
export function checkTyped(value: unknown, schema: Schema, path: string[] = []): void {
  if (value === null || value === undefined) return;
  switch (schema.type) {
    case "object":
    case "map":
      for (const [key, item] of Object.entries(asMap(value, path))) {
        const at = [...path, fieldElement(key)];
        if (schema.type === "object" && !schema.fields?.[key]) {
          throw new TypedError(at, "field not declared in schema");
        }
        checkTyped(item, childOf(schema, key), at);
      }
      break;
    case "list": {
      const seen = new Set<string>();
      asList(value, path).forEach((item, i) => {
        const element = schema.listType === "atomic"
          ? `i:${i}`
          : itemElement(item, schema, path, i);
        if (seen.has(element)) {
          throw new TypedError(path, `duplicate entries for key ${pathText([element])}`);
        }
        seen.add(element);
        checkTyped(item, schema.items!, [...path, element]);
      });
      break;
    }
    case "string":
      if (typeof value !== "string") {
        throw new TypedError(path, `expected string, got ${typeName(value)}`);
      }
      break;
    case "boolean":
      if (typeof value !== "boolean") {
        throw new TypedError(path, `expected boolean, got ${typeName(value)}`);
      }
      break;
    case "integer":
    case "number":
      if (typeof value !== "number") {
        throw new TypedError(path, `expected numeric (int or float), got ${typeName(value)}`);
      }
      break;
  }
}
