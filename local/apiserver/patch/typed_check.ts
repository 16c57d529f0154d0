import type { Schema } from "../schema/schema.ts";
import { fieldElement, pathText } from "./field_set.ts";
import { asList, asMap, childOf, itemElement, TypedError, typeName } from "./typed_shape.ts";

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
