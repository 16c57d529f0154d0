/**
 * What depends on the schema of a kind: defaults, validation, patches, managed fields, tables.
 * The one file through which the rest of the server reaches `schema/`, `patch/` and `table/`.
 */
import { badRequest, invalid, type StatusCause, StatusError } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import { type ApiObject, isObject, type JsonObject } from "./object.ts";

/** The patch formats, by the media type that names them. */
export const PATCH_TYPES: Record<string, "json" | "merge" | "strategic" | "apply"> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** Fills in what a client left out. */
export function withDefaults(_kind: KindInfo, object: ApiObject): ApiObject {
  return object;
}

/** Drops what the schema does not know. */
export function checkShape(
  _kind: KindInfo,
  object: ApiObject,
  _options: { mode: "Strict" | "Warn" | "Ignore" },
): { object: ApiObject; unknown: string[] } {
  return { object, unknown: [] };
}

/** What is wrong with an object. */
export function problemsOf(
  _kind: KindInfo,
  _object: ApiObject,
  _previous: ApiObject | undefined,
): StatusCause[] {
  return [];
}

/** Applies a merge, JSON or strategic merge patch. */
export function applyPatch(
  _kind: KindInfo,
  type: "json" | "merge" | "strategic",
  current: ApiObject,
  patch: unknown,
): ApiObject {
  if (type === "json") throw new StatusError(415, "UnsupportedMediaType", "not served yet");
  if (!isObject(patch)) throw badRequest("the patch must be an object");
  return merge(current, patch) as ApiObject;
}

function merge(current: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(current) ? { ...current } : {};
  for (const key in patch) {
    const value = patch[key];
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
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
  applied: ApiObject,
  _options: WriteStamp & { force: boolean },
): ApiObject {
  if (!isObject(applied)) throw invalid(kind, "", []);
  return merge(live ?? {}, applied) as ApiObject;
}

/** Records in `metadata.managedFields` who wrote what. */
export function trackWrite(
  _kind: KindInfo,
  _before: ApiObject | undefined,
  after: ApiObject,
  _stamp: WriteStamp,
): ApiObject {
  return after;
}

/** A meta.k8s.io/v1 Table. */
export interface Table extends JsonObject {
  rows: unknown[];
}

/** What `kubectl get` prints. */
export function tableOf(
  _kind: KindInfo,
  objects: readonly ApiObject[],
  _includeObject: "None" | "Metadata" | "Object",
): Table {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: {},
    columnDefinitions: [{
      name: "Name",
      type: "string",
      format: "name",
      description: "",
      priority: 0,
    }, { name: "Created At", type: "date", format: "", description: "", priority: 0 }],
    rows: objects.map((object) => ({
      cells: [object.metadata.name, object.metadata.creationTimestamp],
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: object.metadata,
      },
    })),
  };
}

/** The OpenAPI v3 documents: index, and one for each group version. */
export function openApiPaths(): JsonObject | undefined {
  return undefined;
}

/** One OpenAPI v3 document, such as "apis/apps/v1". */
export function openApiDocument(_path: string): unknown {
  return undefined;
}
