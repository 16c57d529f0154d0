import type { GroupVersionKind } from "./schema.ts";

/** What is wrong with a field; the `reason` values of a Status's causes. */
export type FieldErrorReason =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid";

/** One complaint about one field: an entry of `status.details.causes`. */
export interface FieldError {
  /** The kind of complaint. */
  reason: FieldErrorReason;
  /** Path of the field, for example `spec.template.spec.containers[0].image`. */
  field: string;
  /** For example `Invalid value: -1: must be greater than or equal to 0`. */
  message: string;
}

/** The field has a value that is not allowed. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return {
    reason: "FieldValueInvalid",
    field,
    message: `Invalid value: ${shown(value)}: ${detail}`,
  };
}

/** The field is missing. */
export function required(field: string, detail = ""): FieldError {
  return {
    reason: "FieldValueRequired",
    field,
    message: detail ? `Required value: ${detail}` : "Required value",
  };
}

/** The field's value is there already. */
export function duplicate(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${shown(value)}` };
}

/** The field's value is none of those that are known. */
export function notSupported(field: string, value: unknown, known: readonly string[]): FieldError {
  const list = known.map((item) => JSON.stringify(item)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

/** The field must not be set, or not be changed. */
export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

/** The field's value is too long. */
export function tooLong(field: string, maximum: number): FieldError {
  return {
    reason: "FieldValueTooLong",
    field,
    message: `Too long: may not be more than ${maximum} bytes`,
  };
}

/** The whole message of a Status that refuses an object: `Deployment.apps "x" is invalid: …`. */
export function invalidMessage(
  gvk: GroupVersionKind,
  name: string,
  errors: readonly FieldError[],
): string {
  const kind = gvk.group ? `${gvk.kind}.${gvk.group}` : gvk.kind;
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return `${kind} ${JSON.stringify(name)} is invalid: ${all}`;
}

/** Values as the API server prints them: strings quoted, the rest as JSON. */
function shown(value: unknown): string {
  return value === undefined ? "null" : JSON.stringify(value);
}
