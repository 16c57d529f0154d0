/**
 * Values merged through a schema, and values that shed fields. The rules are those of Kubernetes'
 * structured merge.
 *
 * @module
 */

import type { JsonObject, Schema } from "../schema/schema.ts";
import { fieldElement, type FieldSet } from "./field_set.ts";
import { isObject, setField } from "../schema/json_object.ts";
import { asList, asMap, childOf, indexItems, isVoid, itemElement, shapeOf } from "./typed_shape.ts";

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
    if (value !== undefined) setField(out, key, value);
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
      const child = childOf(schema, key);
      setField(out, key, below.isEmpty ? item : removeFields(item, below, child));
    }
    return out;
  }
  return value;
}
