/**
 * Strategic merge patch: a merge patch that knows which lists are maps in disguise.
 *
 * Directives: `$patch: delete | replace | merge`, `$retainKeys`, `$deleteFromPrimitiveList/x`,
 * `$setElementOrder/x`.
 *
 * @module
 */

import type { JsonObject, Schema } from "../schema/schema.ts";
import { isObject } from "../schema/json_object.ts";
import { jsonEqual } from "./json.ts";
import { PatchError } from "./patch_error.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER = "$setElementOrder/";

/**
 * Applies a strategic merge patch to an object of the kind that `schema` describes. Neither
 * argument is changed.
 *
 * @throws {PatchError} 500 if the patch contradicts itself or does not fit the schema
 */
export function strategicMergePatch(
  current: JsonObject,
  patch: JsonObject,
  schema: Schema,
): JsonObject {
  return mergeObject(current, patch, schema);
}

function mergeObject(
  current: JsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return cleaned(without(patch, DIRECTIVE), schema) as JsonObject;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badDirective(directive);
  const out = retained({ ...current }, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_PRIMITIVES)) {
      const field = key.slice(DELETE_PRIMITIVES.length);
      if (Array.isArray(out[field])) {
        out[field] = out[field].filter((item: unknown) => !asList(value, key).includes(item));
      }
    } else if (key.startsWith(ELEMENT_ORDER)) {
      const field = key.slice(ELEMENT_ORDER.length);
      if (!(field in patch) && Array.isArray(out[field])) {
        out[field] = mergeList(out[field], [], childSchema(schema, field), asList(value, key));
      }
    } else if (value === null) {
      delete out[key];
    } else {
      out[key] = mergeValue(out[key], value, childSchema(schema, key), patch[ELEMENT_ORDER + key]);
    }
  }
  return out;
}

function mergeValue(
  current: unknown,
  patch: unknown,
  schema: Schema | undefined,
  order: unknown,
): unknown {
  if (isObject(patch)) {
    if (schema?.patchStrategy?.includes("replace")) return cleaned(patch, schema);
    return isObject(current) ? mergeObject(current, patch, schema) : cleaned(patch, schema);
  }
  if (Array.isArray(patch)) {
    const merges = schema?.patchStrategy?.includes("merge");
    if (!merges || !Array.isArray(current)) return cleaned(patch, schema);
    return mergeList(
      current,
      patch,
      schema,
      order === undefined ? undefined : asList(order, "order"),
    );
  }
  return patch;
}

/** `$retainKeys`: whatever the patch does not name goes. */
function retained(current: JsonObject, patch: JsonObject): JsonObject {
  const keep = patch[RETAIN_KEYS];
  if (keep === undefined) return current;
  const names = asList(keep, RETAIN_KEYS);
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith("$") && value !== null && !names.includes(key)) {
      throw new PatchError(500, `${RETAIN_KEYS} list does not contain ${JSON.stringify(key)}`);
    }
  }
  for (const key of Object.keys(current)) {
    if (!names.includes(key)) delete current[key];
  }
  return current;
}

/** An item's identity in its list: its merge key's value, or a primitive itself. */
type Identity = (item: unknown) => unknown;

function mergeList(
  current: unknown[],
  patch: unknown[],
  schema: Schema | undefined,
  order: unknown[] | undefined,
): unknown[] {
  const ofObjects = [...current, ...patch].some(isObject);
  const identity: Identity = ofObjects ? keyIdentity(schema?.mergeKey) : (item) => item;
  const merged = ofObjects
    ? mergeObjects(current, patch as JsonObject[], schema, identity)
    : [...current, ...patch.filter((item) => !current.includes(item))];
  const inPatchOrder = ordered(merged, current, patch.filter(isPlain).map(identity), identity);
  if (!order) return inPatchOrder;
  const wanted = order.map((o) => isObject(o) ? identity(o) : o);
  checkOrder(patch.filter(isPlain), order, wanted, identity);
  return ordered(inPatchOrder, current, wanted, identity);
}

/** Refuses a list whose own order is not the one that is asked for. */
function checkOrder(
  patch: unknown[],
  order: unknown[],
  wanted: unknown[],
  identity: Identity,
): void {
  let next = 0;
  for (const item of patch) {
    while (next < wanted.length && !jsonEqual(wanted[next], identity(item))) next++;
    if (next === wanted.length) {
      throw new PatchError(
        500,
        `The order in patch list:\n${JSON.stringify(patch)}\n doesn't match ` +
          `$setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    }
    next++;
  }
}

function mergeObjects(
  current: unknown[],
  patch: JsonObject[],
  schema: Schema | undefined,
  identity: Identity,
): unknown[] {
  if (patch.some((item) => item[DIRECTIVE] === "replace" && Object.keys(item).length === 1)) {
    return patch.filter(isPlain).map((item) => cleaned(item, schema?.items));
  }
  let merged: unknown[] = [...current];
  for (const item of patch) {
    const id = identity(item);
    const at = merged.findIndex((other) => jsonEqual(identity(other), id));
    if (item[DIRECTIVE] === "delete") {
      merged = merged.filter((other) => !jsonEqual(identity(other), id));
    } else if (at >= 0) {
      merged[at] = mergeObject(merged[at] as JsonObject, item, schema?.items);
    } else {
      merged.push(cleaned(without(item, DIRECTIVE), schema?.items));
    }
  }
  return merged;
}

function keyIdentity(key: string | undefined): Identity {
  if (!key) throw new PatchError(500, "cannot merge lists without merge key");
  return (item) => {
    const value = isObject(item) ? item[key] : undefined;
    if (value !== undefined) return value;
    throw new PatchError(
      500,
      `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`,
    );
  };
}

/** Whether an item is a value to merge, not an order to delete or replace. */
function isPlain(item: unknown): boolean {
  return !(isObject(item) && (item[DIRECTIVE] === "delete" || item[DIRECTIVE] === "replace"));
}

/**
 * Puts items into the given order. Items that it does not name keep their order, before the named
 * ones that they stood before in the current list.
 */
function ordered(
  items: unknown[],
  current: unknown[],
  order: unknown[],
  identity: Identity,
): unknown[] {
  const place = (item: unknown) =>
    current.findIndex((other) => jsonEqual(identity(other), identity(item)));
  const rank = (item: unknown) => order.findIndex((id) => jsonEqual(id, identity(item)));
  const named = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  const others = items.filter((item) => rank(item) < 0).sort((a, b) => place(a) - place(b));
  const out: unknown[] = [];
  let n = 0;
  let o = 0;
  while (n < named.length && o < others.length) {
    const at = place(named[n]);
    out.push(at < 0 || at < place(others[o]) ? named[n++] : others[o++]);
  }
  return [...out, ...others.slice(o), ...named.slice(n)];
}

/** A patch's value where nothing was: directives and nulls go. */
function cleaned(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !(isObject(item) && DIRECTIVE in item && item[DIRECTIVE] !== "merge"))
      .map((item) => cleaned(item, schema?.items));
  }
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const isDirective = key === DIRECTIVE || key === RETAIN_KEYS ||
      key.startsWith(DELETE_PRIMITIVES) || key.startsWith(ELEMENT_ORDER);
    const isDeleted = item === null || isObject(item) && item[DIRECTIVE] === "delete";
    if (!isDirective && !isDeleted) out[key] = cleaned(item, childSchema(schema, key));
  }
  return out;
}

function childSchema(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.type === "map" ? schema.values : schema?.fields?.[key];
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}

function asList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw new PatchError(500, `${JSON.stringify(name)} must be a list`);
  return value;
}

function badDirective(directive: unknown): PatchError {
  return new PatchError(
    500,
    `Unknown patch type found: ${directive}; use "delete", "replace" or "merge"`,
  );
}
