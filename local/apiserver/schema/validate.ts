/**
 * Checks an object against the types of its kind, as decoding it into typed fields would.
 *
 * @module
 */

import type { FieldError } from "./field_error.ts";
import { isObject, setField } from "./json_object.ts";
import { isQuantity } from "./quantity.ts";
import { type GroupVersionKind, type JsonObject, type Schema, schemaFor } from "./schema.ts";

/** How {@linkcode validate} treats what it finds. */
export interface ValidateOptions {
  /** Whether unknown fields are errors. @default false */
  strict?: boolean;
}

/** What {@linkcode validate} found. */
export interface Validation {
  /** Fields whose value has the wrong type; and the unknown ones when strict. Code 400. */
  errors: FieldError[];
  /** Paths of fields that the kind does not have, for example `spec.foo`; also for warnings. */
  unknown: string[];
  /** The object without unknown fields and nulls. */
  pruned: JsonObject;
  /** The text after `cannot be handled as a Deployment: `, when there are errors. */
  message?: string;
}

interface Walk {
  errors: FieldError[];
  unknown: string[];
  kind: string;
}

/** Integers that a format can hold. */
const INTEGER_RANGE: Record<string, [number, number]> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * Checks types, and drops what the kind does not know. A kind without a schema is taken as it is.
 * Whether required fields are there is not asked here: a missing one decodes to its zero value,
 * and `validateObject` judges that.
 */
export function validate(
  object: JsonObject,
  gvk: GroupVersionKind,
  options: ValidateOptions = {},
): Validation {
  const schema = schemaFor(gvk);
  if (!schema) return { errors: [], unknown: [], pruned: object };
  const walk: Walk = { errors: [], unknown: [], kind: gvk.kind };
  const pruned = visit(object, schema, "", walk) as JsonObject;
  if (options.strict) {
    for (const field of walk.unknown) {
      walk.errors.push({
        reason: "FieldValueInvalid",
        field,
        message: `unknown field ${JSON.stringify(field)}`,
      });
    }
  }
  return { errors: walk.errors, unknown: walk.unknown, pruned, ...messageOf(walk, options) };
}

function messageOf(walk: Walk, options: ValidateOptions): { message?: string } {
  const typed = walk.errors.find((e) => e.reason === "FieldValueTypeInvalid");
  if (typed) return { message: typed.message };
  if (!options.strict || walk.unknown.length === 0) return {};
  const list = walk.unknown.map((field) => `unknown field ${JSON.stringify(field)}`);
  return { message: `strict decoding error: ${list.join(", ")}` };
}

function visit(value: unknown, schema: Schema, path: string, walk: Walk): unknown {
  if (value === null || value === undefined) return undefined;
  switch (schema.type) {
    case "object":
      return visitObject(value, schema, path, walk);
    case "map":
      return visitMap(value, schema, path, walk);
    case "list":
      return visitList(value, schema, path, walk);
    case "any":
      return value;
    default:
      checkScalar(value, schema, path, walk);
      return value;
  }
}

function visitObject(value: unknown, schema: Schema, path: string, walk: Walk): unknown {
  if (!isObject(value)) {
    mismatch(value, `v1.${shortName(schema)}`, path, walk);
    return undefined;
  }
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const at = path ? `${path}.${key}` : key;
    const field = schema.fields![key];
    if (!field) walk.unknown.push(at);
    else if (item !== null) {
      const kept = visit(item, field, at, walk);
      if (kept !== undefined) out[key] = kept;
    }
  }
  return out;
}

function visitMap(value: unknown, schema: Schema, path: string, walk: Walk): unknown {
  if (!isObject(value)) {
    mismatch(value, `map[string]${goType(schema.values!)}`, path, walk);
    return undefined;
  }
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const kept = item === null
      ? zero(schema.values!)
      : visit(item, schema.values!, `${path}.${key}`, walk);
    if (kept !== undefined) setField(out, key, kept);
  }
  return out;
}

function visitList(value: unknown, schema: Schema, path: string, walk: Walk): unknown {
  if (!Array.isArray(value)) {
    mismatch(value, `[]${goType(schema.items!)}`, path, walk);
    return undefined;
  }
  return value.map((item, i) =>
    item === null ? zero(schema.items!) : visit(item, schema.items!, `${path}[${i}]`, walk)
  );
}

/** What null decodes to inside a list or a map. */
function zero(schema: Schema): unknown {
  switch (schema.type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "quantity":
      return "0";
    case "list":
      return [];
    case "any":
      return null;
    default:
      return {};
  }
}

function checkScalar(value: unknown, schema: Schema, path: string, walk: Walk): void {
  switch (schema.type) {
    case "string":
      if (typeof value !== "string") mismatch(value, goType(schema), path, walk);
      else checkFormat(value, schema, path, walk);
      break;
    case "integer": {
      const range = INTEGER_RANGE[schema.format ?? ""];
      const fits = Number.isInteger(value) &&
        (!range || (value as number) >= range[0] && (value as number) <= range[1]);
      if (!fits) mismatch(value, goType(schema), path, walk);
      break;
    }
    case "number":
      if (typeof value !== "number") mismatch(value, "float64", path, walk);
      break;
    case "boolean":
      if (typeof value !== "boolean") mismatch(value, "bool", path, walk);
      break;
    case "quantity":
      if (typeof value !== "string" && typeof value !== "number") {
        mismatch(value, "resource.Quantity", path, walk);
      } else if (!isQuantity(String(value))) {
        wrong(QUANTITY_RULE, path, walk);
      }
      break;
    case "int-or-string":
      if (typeof value !== "string" && !Number.isInteger(value)) {
        mismatch(value, "intstr.IntOrString", path, walk);
      }
      break;
  }
}

function checkFormat(value: string, schema: Schema, path: string, walk: Walk): void {
  if (schema.format === "byte") {
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value) || value.replace(/\s/g, "").length % 4 !== 0) {
      wrong("illegal base64 data at input byte 0", path, walk);
    }
    return;
  }
  const time = TIMES[schema.format ?? ""];
  if (time && !(time.pattern.test(value) && Number.isFinite(Date.parse(value)))) {
    wrong(
      `parsing time ${JSON.stringify(value)} as ${JSON.stringify(time.layout)}: cannot parse it`,
      path,
      walk,
    );
  }
}

/** Forms of times; the finer one wants exactly six digits. */
const TIMES: Record<string, { pattern: RegExp; layout: string }> = {
  "date-time": {
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
    layout: "2006-01-02T15:04:05Z07:00",
  },
  "micro-time": {
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/,
    layout: "2006-01-02T15:04:05.000000Z07:00",
  },
};

const QUANTITY_RULE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function mismatch(value: unknown, type: string, path: string, walk: Walk): void {
  const what = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  const given = typeof value === "number" && type.startsWith("int") ? `number ${value}` : what;
  walk.errors.push({
    reason: "FieldValueTypeInvalid",
    field: path,
    message: `json: cannot unmarshal ${given} into Go struct field ` +
      `${walk.kind}.${path.replace(/\[\d+\]/g, "")} of type ${type}`,
  });
}

function wrong(message: string, path: string, walk: Walk): void {
  walk.errors.push({ reason: "FieldValueTypeInvalid", field: path, message });
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case "boolean":
      return "bool";
    case "integer":
      return schema.format ?? "int";
    case "string":
      return schema.format === "byte" ? "[]uint8" : "string";
    case "object":
      return `v1.${shortName(schema)}`;
    case "map":
      return `map[string]${goType(schema.values!)}`;
    case "list":
      return `[]${goType(schema.items!)}`;
    default:
      return schema.type;
  }
}

function shortName(schema: Schema): string {
  const name = schema.name ?? "Object";
  return name.slice(name.lastIndexOf(".") + 1);
}
