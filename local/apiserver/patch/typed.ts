/**
 * Which fields a value has, and how two values differ. The rules are those of Kubernetes'
 * structured merge.
 *
 * @module
 */

import type { Schema } from "../schema/schema.ts";
import { fieldElement, FieldSet, FieldSetBuilder } from "./field_set.ts";
import { isObject } from "../schema/json_object.ts";
import { jsonEqual } from "./json.ts";
import { asList, asMap, childOf, indexItems, isVoid, shapeOf } from "./typed_shape.ts";

/** How two objects differ. */
export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
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
