/**
 * The annotation in which `kubectl apply` keeps what it applied from the client's side. A
 * server-side apply by `kubectl` takes those fields over and keeps the annotation up to date.
 *
 * @module
 */

import type { JsonObject, Schema } from "../schema/schema.ts";
import { FieldSet } from "./field_set.ts";
import { isObject } from "../schema/json_object.ts";
import { compare, fieldSetOf } from "./typed.ts";
import { TypedError } from "./typed_shape.ts";

/** The field manager of `kubectl apply --server-side`. */
export const KUBECTL = "kubectl";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** The API server's limit of all annotations, which a larger configuration would exceed. */
const MAX_ANNOTATIONS = 256 * 1024;

/** What was applied from the client's side and is still as it was applied. */
export function lastAppliedFields(live: JsonObject, schema: Schema): FieldSet {
  const text = live.metadata?.annotations?.[LAST_APPLIED];
  if (typeof text !== "string") return new FieldSet();
  try {
    const applied: unknown = JSON.parse(text);
    if (!isObject(applied)) return new FieldSet();
    const { added, modified, removed } = compare(applied, live, schema);
    return fieldSetOf(applied, schema).difference(modified).difference(added).difference(removed);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypedError) return new FieldSet();
    throw error;
  }
}

/** The object with its annotation brought up to date, if it has one. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = object.metadata?.annotations;
  if (annotations?.[LAST_APPLIED] === undefined) return object;
  const { [LAST_APPLIED]: _, ...others } = annotations;
  const own = applied.metadata?.annotations;
  const text = own?.[LAST_APPLIED] === undefined ? JSON.stringify(applied) : own[LAST_APPLIED];
  const kept = text.length > MAX_ANNOTATIONS ? others : { ...others, [LAST_APPLIED]: text };
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}
