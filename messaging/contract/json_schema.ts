/**
 * JSON Schemas (2020-12) of what crosses the wire, made of zod's schemas.
 *
 * All are of what a schema takes (zod's `io: "input"`), also those of outputs: who sends gives what its
 * own schema takes, and who receives parses it. So a default or a transform happens once, where the
 * value is read.
 *
 * Two keywords are our own. `x-opaque`: what JSON Schema cannot tell, such as `z.custom()`; its value is
 * the kind of schema and its description, and by that text it is equal to others or not. `x-optional`,
 * at the root: there may be no value at all. Where a schema only takes `undefined`, which JSON does
 * not have, it takes nothing.
 *
 * @module
 */
import { z } from "zod";
import type { Schema } from "./contract.ts";

/** A JSON Schema, or a piece of one; see the module's text. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a place in a schema may hold: `true` takes everything, `false` nothing. */
export type SchemaNode = JsonSchema | boolean;

/** Our keyword for what JSON Schema cannot tell. */
export const OPAQUE = "x-opaque";

/** Our keyword at the root of a schema: there may be no value. */
export const OPTIONAL = "x-optional";

/** Kinds of zod's schemas that JSON Schema cannot tell. */
const OPAQUE_KINDS: ReadonlySet<string> = new Set([
  "bigint",
  "custom",
  "date",
  "file",
  "function",
  "map",
  "nan",
  "set",
  "symbol",
  "transform",
]);

/** Words about a schema, which mean nothing to who compares it. */
const WORDS: ReadonlySet<string> = new Set([
  "$schema",
  "$id",
  "$comment",
  "default",
  "deprecated",
  "description",
  "examples",
  "id",
  "readOnly",
  "title",
  "writeOnly",
]);

/** Keywords whose value is a schema, a list of schemas, and schemas by name. */
const ONE: ReadonlySet<string> = new Set([
  "additionalProperties",
  "contains",
  "items",
  "not",
  "propertyNames",
]);
const LIST: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const NAMED: ReadonlySet<string> = new Set(["$defs", "patternProperties", "properties"]);

/** The JSON Schema of what a schema takes; it never throws. */
export function jsonSchemaOf(schema: Schema): JsonSchema {
  const optional = takesNothing(schema) ? { [OPTIONAL]: true } : {};
  return { ...withoutWords(translate(schema)), ...optional };
}

function translate(schema: Schema): JsonSchema {
  try {
    return z.toJSONSchema(schema as unknown as z.ZodType, {
      io: "input",
      unrepresentable: "any",
      reused: "ref",
      metadata: z.registry(), // whose names may be taken twice, and whose words are left out
      override: ({ zodSchema, jsonSchema }) => {
        mark(zodSchema as unknown as AnyZod, jsonSchema as Record<string, unknown>);
      },
    }) as JsonSchema;
  } catch (error) {
    // a kind of schema that this version of zod does not know how to tell
    return { [OPAQUE]: `${kindOf(schema)}: ${(error as Error).message}` };
  }
}

/** What is looked at of a schema, whatever its kind. */
interface AnyZod {
  readonly description?: string;
  readonly _zod: {
    readonly optin?: string;
    readonly def: {
      readonly type: string;
      readonly items?: readonly AnyZod[];
      readonly rest?: unknown;
      readonly options?: readonly AnyZod[];
    };
  };
}

/** Says in a schema what zod leaves out of it, or some versions of it do. */
function mark(schema: AnyZod, json: Record<string, unknown>): void {
  const { type, items, rest } = schema._zod.def;
  if (type === "undefined" || type === "void") replace(json, { not: {} });
  else if (OPAQUE_KINDS.has(type)) {
    const { description } = schema;
    replace(json, { [OPAQUE]: description === undefined ? type : `${type}: ${description}` });
  } else if (type === "tuple" && items !== undefined) {
    if (rest === null || rest === undefined) json.items = false;
    json.minItems ??= items.findLastIndex((item) => item._zod.optin !== "optional") + 1;
  }
}

function replace(json: Record<string, unknown>, by: Record<string, unknown>): void {
  for (const key of Object.keys(json)) delete json[key];
  Object.assign(json, by);
}

/** Whether a schema takes `undefined`, which crosses the wire as no value. */
function takesNothing(schema: Schema | AnyZod): boolean {
  const { optin, def } = (schema as unknown as AnyZod)._zod;
  if (optin === "optional" || ["any", "undefined", "unknown", "void"].includes(def.type)) {
    return true;
  }
  return def.type === "union" && (def.options ?? []).some(takesNothing);
}

function kindOf(schema: Schema): string {
  return (schema as unknown as AnyZod)._zod.def?.type ?? "unknown";
}

/** The schema without what is only for people. */
function withoutWords(node: JsonSchema): JsonSchema {
  const kept = Object.entries(node).filter(([keyword]) => !WORDS.has(keyword))
    .filter(([keyword]) => keyword !== "pattern" || node.format === undefined) // which says it shorter
    .map(([keyword, value]) => [keyword, cleaned(keyword, value)]);
  return Object.fromEntries(kept);
}

function cleaned(keyword: string, value: unknown): unknown {
  if (ONE.has(keyword)) return cleanedNode(value);
  if (LIST.has(keyword)) return (value as unknown[]).map(cleanedNode);
  if (!NAMED.has(keyword)) return value;
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, node]) => [name, cleanedNode(node)]));
}

function cleanedNode(node: unknown): unknown {
  return typeof node === "object" && node !== null ? withoutWords(node as JsonSchema) : node;
}
