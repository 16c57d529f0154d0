/**
 * What is known of each kind: types, required fields, and how lists and maps merge.
 *
 * @module
 */

import { type CompactDefinition, compactSchema, type CompactType } from "./compact.ts";

/** A JSON object whose fields are not known yet. */
// deno-lint-ignore no-explicit-any
export type JsonObject = Record<string, any>;

/** Names a kind of one version. */
export interface GroupVersionKind {
  /** For example `apps`; empty for the core group. */
  group: string;
  /** For example `v1`. */
  version: string;
  /** For example `Deployment`. */
  kind: string;
}

/** What a value can be. */
export type SchemaType =
  | "object"
  | "map"
  | "list"
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "quantity"
  | "int-or-string"
  | "any";

/** What is known of a type. A field's schema carries how that field is patched too. */
export interface Schema {
  /** The kind of value. `any` is taken as it is, and is merged as a whole. */
  type: SchemaType;
  /** The definition's full name, when it is a named one. */
  name?: string;
  /** `int32`, `int64`, `byte`, `date-time`, `micro-time`, `double`, … */
  format?: string;
  /** The allowed values. */
  enum?: string[];
  /** An object's fields. */
  fields?: Record<string, Schema>;
  /** Which of them are required. */
  required?: string[];
  /** Defaults of fields that identify an item of a list. */
  keyDefaults?: Record<string, string>;
  /** A map's values. */
  values?: Schema;
  /** A list's items. */
  items?: Schema;
  /** How a list merges. @default "atomic" */
  listType?: "atomic" | "set" | "map";
  /** The fields that identify an item of a list of type `map`. */
  mapKeys?: string[];
  /** Whether an object or a map is replaced as a whole. */
  atomic?: boolean;
  /** Strategies of a strategic merge patch: `merge`, `replace`, `retainKeys`. */
  patchStrategy?: string[];
  /** The field that identifies an item in a strategic merge patch. */
  mergeKey?: string;
}

interface Registry {
  byKind: Map<string, Schema>;
  byName: Map<string, Schema>;
}

let registry: Registry | undefined;

/** The schema of a kind, or undefined if it is not known. */
export function schemaFor(gvk: GroupVersionKind): Schema | undefined {
  registry ??= build();
  return registry.byKind.get(kindKey(gvk.group, gvk.version, gvk.kind));
}

/** The schema of a definition, by its full name. */
export function schemaNamed(name: string): Schema | undefined {
  registry ??= build();
  return registry.byName.get(name);
}

function kindKey(group: string, version: string, kind: string): string {
  return `${group}/${version}/${kind}`;
}

function build(): Registry {
  const { definitions } = compactSchema();
  // Definitions refer to each other in circles: make all first, then fill in their fields.
  const schemas = definitions.map(emptySchema);
  const byKind = new Map<string, Schema>();
  const byName = new Map<string, Schema>();
  definitions.forEach((definition, i) => {
    const schema = schemas[i]!;
    for (const [field, type] of Object.entries(definition.p ?? {})) {
      schema.fields![field] = expand(type, schemas);
    }
    byName.set(definition.n, schema);
    for (const [group, version, kind] of definition.k ?? []) {
      byKind.set(kindKey(group, version, kind), schema);
    }
  });
  return { byKind, byName };
}

function emptySchema(definition: CompactDefinition): Schema {
  if (definition.x !== undefined) return { name: definition.n, ...scalar(definition.x) };
  return {
    type: "object",
    name: definition.n,
    fields: Object.create(null) as Record<string, Schema>,
    required: definition.q,
    keyDefaults: definition.d,
    atomic: definition.t === "atomic",
  };
}

function expand(type: CompactType, schemas: Schema[]): Schema {
  if (typeof type === "string") return scalar(type);
  const patch = {
    ...(type.s ? { patchStrategy: type.s.split(",") } : {}),
    ...(type.y ? { mergeKey: type.y } : {}),
  };
  if (type.r !== undefined) {
    const target = schemas[type.r]!;
    if (!type.g && !type.s && !type.y) return target;
    return { ...target, ...patch, ...(type.g ? { atomic: false } : {}) };
  }
  if (type.e) return { type: "string", enum: type.e };
  if (type.m !== undefined) {
    return { type: "map", values: expand(type.m, schemas), atomic: type.t === "atomic", ...patch };
  }
  return {
    type: "list",
    items: expand(type.a!, schemas),
    listType: (type.t ?? "atomic") as Schema["listType"],
    ...(type.k ? { mapKeys: type.k } : {}),
    ...patch,
  };
}

function scalar(name: string): Schema {
  switch (name) {
    case "int32":
    case "int64":
    case "integer":
      return { type: "integer", format: name };
    case "double":
    case "number":
      return { type: "number", format: name };
    case "boolean":
    case "string":
    case "quantity":
    case "int-or-string":
      return { type: name };
    case "byte":
    case "date-time":
    case "micro-time":
      return { type: "string", format: name };
    default: // "any" and "untyped"
      return { type: "any" };
  }
}
