/** Finds a group's operations in the document and names them as methods. */
import { type ApiGroup, definitionsOf } from "./groups.ts";
import { METHODS, type OpenApiDocument, type Operation, parametersOf } from "./openapi.ts";

/** How a method of the generated class makes its request. */
export type MethodShape =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "replace"
  | "patch"
  | "delete"
  | "deleteList"
  | "text"
  | "streamText"
  | "proxy";

export interface ApiMethod {
  readonly name: string;
  readonly shape: MethodShape;
  readonly namespaced: boolean;
  /** Below the group's root, or below the namespace; may hold `{name}`. */
  readonly path: string;
  /** References to what is sent and what comes back. */
  readonly body?: string;
  readonly result?: string;
  /** Options in the query string of `text` and `streamText`. */
  readonly query: readonly { name: string; type: string }[];
}

export interface ApiSurface {
  readonly methods: readonly ApiMethod[];
  /** Kinds that operations of this group name. */
  readonly kinds: ReadonlySet<string>;
}

const NAMESPACE_PATH = "namespaces/{namespace}/";
const SHAPES: Readonly<Record<string, MethodShape>> = {
  get: "get",
  list: "list",
  post: "create",
  put: "replace",
  patch: "patch",
  delete: "delete",
  deletecollection: "deleteList",
};
/** Kinds that can be listed but, in spite of the document, not be watched. */
const NOT_WATCHED: ReadonlySet<string> = new Set(["ComponentStatus"]);
/** Kinds of the meta group that are whole objects: no operation names them. */
const META_KINDS: ReadonlySet<string> = new Set(["APIGroup", "APIResource", "Status"]);

export function describeSurface(document: OpenApiDocument, group: ApiGroup): ApiSurface {
  if (group.name === "MetaV1") return { methods: [], kinds: META_KINDS };
  const methods: ApiMethod[] = [];
  const kinds = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    if (!path.startsWith(group.root) || path.endsWith("/")) continue;
    const below = path.slice(group.root.length);
    if (below.startsWith("watch/")) continue;
    for (const verb of METHODS) {
      const operation = item[verb];
      if (!operation || operation.operationId.endsWith("WithPath")) continue;
      kinds.add(operation["x-kubernetes-group-version-kind"]?.kind ?? "");
      const parameters = parametersOf(document, item, operation);
      const body = parameters.find((one) => one.in === "body")?.schema?.$ref;
      const query = parameters.filter((one) => one.in === "query" && one.name !== "pretty")
        .map(({ name, type }) => ({ name, type: type === "integer" ? "number" : type! }));
      methods.push(...describeMethods({ document, group, operation, below, body, query }));
    }
  }
  return { methods, kinds };
}

interface OperationInput {
  document: OpenApiDocument;
  group: ApiGroup;
  operation: Operation;
  below: string;
  body?: string;
  query: ApiMethod["query"];
}

function describeMethods(input: OperationInput): ApiMethod[] {
  const { operation, below, group, query } = input;
  const action = operation["x-kubernetes-action"] ?? "";
  const namespaced = below.startsWith(NAMESPACE_PATH);
  const path = namespaced ? below.slice(NAMESPACE_PATH.length) : below;
  const name = methodName(operation, group);
  const base = { namespaced, path, query };
  if (action === "connect") {
    // A proxy takes every method, so one suffices; tunnels are left out.
    const target = /^connectGet(\w+)Proxy$/.exec(name)?.[1];
    return target ? [{ ...base, name: `proxy${target}Request`, shape: "proxy" }] : [];
  }
  if (operation.produces?.includes("text/plain")) {
    const unfollowed = query.filter((one) => one.name !== "follow");
    return [
      { ...base, name: name.replace(/^get/, "stream"), shape: "streamText" },
      { ...base, name, shape: "text", query: unfollowed },
    ];
  }
  const shape = SHAPES[action];
  if (!shape) throw new Error(`Cannot generate "${operation.operationId}": action "${action}"`);
  const method = { ...base, name, shape, body: input.body, result: resultOf(input, name) };
  const kind = operation["x-kubernetes-group-version-kind"]!.kind;
  if (shape !== "list" || NOT_WATCHED.has(kind)) return [method];
  return [method, { ...method, name: name.replace(/^get/, "watch"), shape: "watch" }];
}

/** "listCoreV1NamespacedPod" is getPodList, "deleteCoreV1CollectionNode" is deleteNodeList. */
function methodName(operation: Operation, group: ApiGroup): string {
  const [verb, rest] = operation.operationId.split(group.name) as [string, string];
  const kind = operation["x-kubernetes-group-version-kind"]?.kind ?? "";
  const collection = rest.startsWith("Collection");
  const noun = rest.replace(/^Collection/, "").replace("Namespaced", "");
  const start = verb === "read" || verb === "list" ? "get" : verb;
  if (verb !== "list" && !collection) return start + noun;
  return start + noun.replace(kind, `${kind}List`);
}

/** What comes back; a deletion is taken to return the object, though the document says Status. */
function resultOf({ document, group, operation }: OperationInput, name: string): string {
  const reference = Object.values(operation.responses).find((one) => one.schema?.$ref)?.schema
    ?.$ref;
  if (!reference) throw new Error(`Cannot generate "${name}": nothing comes back`);
  if (!name.startsWith("delete") || !reference.endsWith(".Status")) return reference;
  const kind = name.slice("delete".length);
  if (!definitionsOf(document, group).has(kind)) {
    throw new Error(`Cannot generate "${name}": the group has no "${kind}"`);
  }
  return `#/definitions/${group.definitionPrefix}${kind}`;
}
