/**
 * What the API server knows of each kind: types, how lists merge, defaults and rules. Pure functions.
 *
 * For an incoming object: {@linkcode validate} (400), then {@linkcode applyDefaults}, then
 * {@linkcode validateObject} (422).
 *
 * @module
 */

export {
  type GroupVersionKind,
  type JsonObject,
  type Schema,
  schemaFor,
  type SchemaType,
} from "./schema.ts";
export { type FieldError, type FieldErrorReason, invalidMessage } from "./field_error.ts";
export { validate, type ValidateOptions, type Validation } from "./validate.ts";
export { applyDefaults } from "./defaults.ts";
export { validateObject, type ValidateObjectOptions } from "./validate_object.ts";
export { openApiV3, openApiV3Paths } from "./open_api_v3.ts";
