/**
 * What depends on the schema of a kind: defaults, validation, patches, managed fields, tables.
 * The one file through which the rest of the server reaches `schema/`, `patch/` and `table/`.
 */
import { badRequest, patchDoesNotApply, type StatusCause, StatusError } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import { type ApiObject, isObject, type JsonObject } from "./object.ts";
import {
  conflictCauses,
  conflictMessage,
  jsonPatch,
  mergePatch,
  PatchError,
  serverSideApply,
  strategicMergePatch,
  trackUpdate,
} from "./patch/mod.ts";
import {
  applyDefaults,
  openApiV3,
  openApiV3Paths,
  schemaFor,
  validate,
  validateObject,
} from "./schema/mod.ts";
import { type Table, toTable } from "./table/mod.ts";

/** The patch formats, by the media type that names them. */
export const PATCH_TYPES: Record<string, "json" | "merge" | "strategic" | "apply"> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** Fills in what a client left out. */
export function withDefaults(kind: KindInfo, object: ApiObject): ApiObject {
  return applyDefaults(object, kind) as ApiObject;
}

/** How unknown fields are met. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/**
 * Drops what the schema does not know, and says what; throws for what does not fit it: by default
 * 400.
 */
export function checkShape(
  kind: KindInfo,
  object: ApiObject,
  options: { mode: FieldValidation; refuse?: (why: string) => StatusError },
): { object: ApiObject; warnings: string[] } {
  const { mode, refuse } = options;
  const { errors, unknown, pruned, message } = validate(object, kind, {
    strict: mode === "Strict",
  });
  if (errors.length > 0) {
    const { kind: name, version } = kind;
    throw refuse?.(message ?? "") ?? badRequest(
      `${name} in version ${JSON.stringify(version)} cannot be handled as a ${name}: ${message}`,
    );
  }
  const warnings = mode === "Warn"
    ? unknown.map((field) => `unknown field ${JSON.stringify(field)}`)
    : [];
  return { object: pruned as ApiObject, warnings };
}

/** What is wrong with an object. */
export function problemsOf(
  kind: KindInfo,
  object: ApiObject,
  options: { old?: ApiObject; subresource?: string } = {},
): StatusCause[] {
  return validateObject(object, kind, options);
}

/** Applies a merge, JSON or strategic merge patch. */
export function applyPatch(
  kind: KindInfo,
  type: "json" | "merge" | "strategic",
  input: { current: ApiObject; patch: unknown },
): ApiObject {
  const { current, patch } = input;
  return mapErrors(() => {
    if (type === "json") return jsonPatch(current, patch);
    if (!isObject(patch)) throw badRequest("error decoding patch: it is not an object");
    const schema = type === "strategic" ? schemaFor(kind) : undefined;
    return schema ? strategicMergePatch(current, patch, schema) : mergePatch(current, patch);
  });
}

/** What a write is, for managed fields. */
export interface WriteStamp {
  readonly manager: string;
  readonly now: Date;
  readonly subresource?: string;
}

/** Merges an applied configuration; throws 409 with the conflicting managers. */
export function applyConfiguration(
  kind: KindInfo,
  live: ApiObject | undefined,
  input: WriteStamp & { applied: ApiObject; force: boolean },
): ApiObject {
  return mapErrors(() => {
    const { object, conflicts } = serverSideApply({ ...input, live, gvk: kind });
    if (object) return object;
    throw new StatusError(409, "Conflict", conflictMessage(conflicts), {
      causes: conflictCauses(conflicts),
    });
  });
}

function mapErrors(run: () => JsonObject): ApiObject {
  try {
    return run() as ApiObject;
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.code === 422) throw patchDoesNotApply();
    throw new StatusError(error.code, error.reason, error.message);
  }
}

/** Records in `metadata.managedFields` who wrote what. */
export function trackWrite(
  kind: KindInfo,
  before: ApiObject | undefined,
  input: WriteStamp & { after: ApiObject },
): ApiObject {
  return trackUpdate({ ...input, before, gvk: kind }) as ApiObject;
}

/** What `kubectl get` prints. */
export function tableOf(
  kind: KindInfo,
  objects: readonly ApiObject[],
  includeObject: "None" | "Metadata" | "Object",
): Table {
  return toTable(kind, objects, { includeObject });
}

/** The index of OpenAPI v3 documents. */
export function openApiPaths(): JsonObject {
  const paths = openApiV3Paths().map((path) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}` },
  ]);
  return { paths: Object.fromEntries(paths) };
}

/** One OpenAPI v3 document, such as "apis/apps/v1". */
export function openApiDocument(path: string): unknown {
  return openApiV3(path);
}
