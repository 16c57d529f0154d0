/**
 * What a request path means to the API server: the verb that RBAC judges and the resource, parsed
 * as kube-apiserver's RequestInfoFactory does.
 */

/** A request in the words of RBAC. */
export interface RequestInfo {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for a path that is no resource the HTTP method in lower case. */
  readonly verb: string;
  /** API group, `""` for the core group. */
  readonly group: string;
  /** Plural name; the whole path if it names no resource. */
  readonly resource: string;
  /** `status`, `log`, `scale`, … */
  readonly subresource?: string;
  /** The namespace, of a namespace itself its own name. */
  readonly namespace?: string;
  /** The object's name; none if it is about all. */
  readonly name?: string;
  /** Whether the path names a resource. */
  readonly isResource: boolean;
}

const WRITE_VERBS: Record<string, string> = { POST: "create", PUT: "update", PATCH: "patch" };

/** Subresources of a namespace, which else would look like resources in it. */
const OF_NAMESPACE = new Set(["status", "finalize"]);

/** Reads method, path (without or with a query) and query. */
export function parseRequest(
  method: string,
  path: string,
  query: URLSearchParams = new URLSearchParams(),
): RequestInfo {
  const [pathname = "/", search] = path.split("?", 2);
  const segments = pathname.split("/").filter(Boolean).map(decode);
  const parts = resourceParts(segments);
  if (!parts) {
    return {
      verb: method.toLowerCase(),
      group: "",
      resource: pathname,
      isResource: false,
    };
  }
  const watching = [query.get("watch"), new URLSearchParams(search).get("watch")]
    .some((value) => value !== null && /^(true|1|)$/.test(value));
  return {
    verb: verbOf(method, { name: parts.name, watching }),
    isResource: true,
    ...parts,
  };
}

function resourceParts(
  segments: string[],
): Omit<RequestInfo, "verb" | "isResource"> | undefined {
  let group: string, rest: string[];
  if (segments[0] === "api") [group, rest] = ["", segments.slice(2)];
  else if (segments[0] === "apis") [group, rest] = [segments[1] ?? "", segments.slice(3)];
  else return undefined;

  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest[1] !== undefined) {
    namespace = rest[1];
    if (rest[2] !== undefined && !OF_NAMESPACE.has(rest[2])) rest = rest.slice(2);
  }
  const [resource, name, ...below] = rest;
  if (resource === undefined) return undefined;
  return {
    group,
    resource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(below[0] !== undefined && { subresource: below[0] }),
  };
}

function verbOf(method: string, request: { name?: string; watching: boolean }): string {
  const named = request.name !== undefined;
  if (method === "GET" || method === "HEAD") {
    if (request.watching) return "watch";
    return named ? "get" : "list";
  }
  if (method === "DELETE") return named ? "delete" : "deletecollection";
  return WRITE_VERBS[method] ?? method.toLowerCase();
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The resource as a Role has it: `pods`, `pods/log`. */
export function resourceOf(info: RequestInfo): string {
  return info.subresource === undefined ? info.resource : `${info.resource}/${info.subresource}`;
}

/** `list pods in namespace "default"`, `get pods/log "web-1" in namespace "default"`. */
export function describeRequest(info: RequestInfo): string {
  const resource = resourceOf(info);
  const grouped = info.group ? `${resource}.${info.group}` : resource;
  const name = info.name === undefined ? "" : ` "${info.name}"`;
  const inside = info.namespace === undefined || info.resource === "namespaces"
    ? ""
    : ` in namespace "${info.namespace}"`;
  return `${info.verb} ${grouped}${name}${inside}`;
}
