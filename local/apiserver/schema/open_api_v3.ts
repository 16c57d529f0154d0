/**
 * The OpenAPI v3 documents of the served groups: what `kubectl explain`, `kubectl apply` and other
 * clients ask an API server for.
 *
 * @module
 */

import { type CompactOperation, compactSchema, type CompactType } from "./compact.ts";
import type { JsonObject } from "./schema.ts";

const COMPONENT = "#/components/schemas/";

/** Query parameters by method, as far as clients look for them. */
const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"];
const PARAMETERS: Record<string, string[]> = {
  get: [],
  list: [
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
  ],
  post: WRITE_PARAMETERS,
  put: WRITE_PARAMETERS,
  patch: [...WRITE_PARAMETERS, "force"],
  delete: ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"],
};

const TYPES: Record<string, string> = {
  allowWatchBookmarks: "boolean",
  force: "boolean",
  gracePeriodSeconds: "integer",
  limit: "integer",
  orphanDependents: "boolean",
  sendInitialEvents: "boolean",
  timeoutSeconds: "integer",
  watch: "boolean",
};

const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

/** Group versions that have a document, as `api/v1` and `apis/apps/v1`, sorted. */
export function openApiV3Paths(): string[] {
  return [...new Set(compactSchema().operations.map((o) => pathGroup(o.p)))].sort();
}

/**
 * The document of a group version, given as in the index (`apis/apps/v1`) or short (`apps/v1`,
 * `v1`); undefined if nothing of it is served.
 */
export function openApiV3(groupVersion: string): JsonObject | undefined {
  const full = /^apis?\//.test(groupVersion)
    ? groupVersion
    : groupVersion.includes("/")
    ? `apis/${groupVersion}`
    : `api/${groupVersion}`;
  const operations = compactSchema().operations.filter((o) => pathGroup(o.p) === full);
  if (operations.length === 0) return undefined;
  const used = new Set<number>();
  const paths: JsonObject = {};
  for (const operation of operations) paths[operation.p] = pathItem(operation, used);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: `v${compactSchema().version}.0` },
    paths,
    components: { schemas: components(used) },
  };
}

function pathGroup(path: string): string {
  const parts = path.split("/");
  return parts.slice(1, parts[1] === "api" ? 3 : 4).join("/");
}

function pathItem(operation: CompactOperation, used: Set<number>): JsonObject {
  const item: JsonObject = {};
  const named = operation.p.includes("{name}");
  const gvk = operation.k &&
    { group: operation.k[0], version: operation.k[1], kind: operation.k[2] };
  for (const method of operation.m.split(" ")) {
    const isList = method === "get" && !named;
    item[method] = {
      operationId: `${method}${
        operation.p.replace(/[^A-Za-z0-9]+(.)?/g, (_, c) => c?.toUpperCase() ?? "")
      }`,
      parameters: PARAMETERS[isList ? "list" : method]!.map((name) => parameter(name, "query")),
      ...(method === "get" || method === "delete"
        ? {}
        : { requestBody: body(operation, method, used) }),
      responses: {
        "200": { description: "OK", ...answer(operation, used) },
        "401": { description: "Unauthorized" },
      },
      "x-kubernetes-action": isList
        ? "list"
        : method === "delete" && !named
        ? "deletecollection"
        : method,
      ...(gvk ? { "x-kubernetes-group-version-kind": gvk } : {}),
    };
  }
  const inPath = [...operation.p.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  item.parameters = inPath.map((name) => ({ ...parameter(name, "path"), required: true }));
  return item;
}

function parameter(name: string, where: "query" | "path"): JsonObject {
  return { name, in: where, schema: { type: TYPES[name] ?? "string", uniqueItems: true } };
}

function body(operation: CompactOperation, method: string, used: Set<number>): JsonObject {
  if (method === "patch") {
    return {
      required: true,
      content: Object.fromEntries(
        PATCH_TYPES.map((type) => [type, { schema: { type: "object" } }]),
      ),
    };
  }
  return {
    required: true,
    content: { "application/json": { schema: reference(operation.b, used) } },
  };
}

function answer(operation: CompactOperation, used: Set<number>): JsonObject {
  if (operation.a === undefined) return {};
  return { content: { "application/json": { schema: reference(operation.a, used) } } };
}

function reference(index: number | undefined, used: Set<number>): JsonObject {
  if (index === undefined) return {};
  used.add(index);
  return { $ref: COMPONENT + compactSchema().definitions[index]!.n };
}

function components(used: Set<number>): JsonObject {
  const { definitions } = compactSchema();
  const out: [string, JsonObject][] = [];
  for (const index of used) { // grows while it runs
    const definition = definitions[index]!;
    const properties: JsonObject = {};
    for (const [field, type] of Object.entries(definition.p ?? {})) {
      const needed = definition.q?.includes(field) ?? false;
      properties[field] = property(type, used, needed);
      const value = definition.d?.[field];
      if (value !== undefined) properties[field].default = value;
    }
    out.push([definition.n, {
      ...(definition.x ? scalar(definition.x) : { type: "object", properties }),
      ...(definition.q ? { required: definition.q } : {}),
      ...(definition.t ? { "x-kubernetes-map-type": definition.t } : {}),
      ...(definition.k
        ? {
          "x-kubernetes-group-version-kind": definition.k.map(([group, version, kind]) => ({
            group,
            version,
            kind,
          })),
        }
        : {}),
    }]);
  }
  return Object.fromEntries(out.sort(([a], [b]) => a < b ? -1 : 1));
}

/** Extensions beside a reference are legal only around an `allOf`. */
function property(type: CompactType, used: Set<number>, needed: boolean): JsonObject {
  if (typeof type === "string") return scalar(type);
  const extensions = {
    ...(type.t ? { [type.a ? "x-kubernetes-list-type" : "x-kubernetes-map-type"]: type.t } : {}),
    ...(type.k ? { "x-kubernetes-list-map-keys": type.k } : {}),
    ...(type.s ? { "x-kubernetes-patch-strategy": type.s } : {}),
    ...(type.y ? { "x-kubernetes-patch-merge-key": type.y } : {}),
  };
  if (type.r !== undefined) {
    const isObject = compactSchema().definitions[type.r]!.p !== undefined;
    const ref = reference(type.r, used);
    return { allOf: [ref], ...(isObject && needed ? { default: {} } : {}), ...extensions };
  }
  if (type.e) return { type: "string", enum: type.e };
  if (type.a !== undefined) {
    return { type: "array", items: property(type.a, used, false), ...extensions };
  }
  return { type: "object", additionalProperties: property(type.m!, used, false), ...extensions };
}

function scalar(name: string): JsonObject {
  switch (name) {
    case "int32":
    case "int64":
      return { type: "integer", format: name };
    case "double":
      return { type: "number", format: name };
    case "byte":
    case "date-time":
      return { type: "string", format: name };
    case "micro-time":
      return { type: "string", format: "date-time" };
    case "int-or-string":
      return { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] };
    case "quantity":
      return { oneOf: [{ type: "string" }, { type: "number" }] };
    case "untyped":
      return { type: "object" };
    case "any":
      return {};
    default:
      return { type: name };
  }
}
