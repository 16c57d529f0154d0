/** From a URL's path to the kind, namespace, name and subresource that it means. */
import { findResource, type KindInfo } from "./kinds.ts";
import { POD_STREAMS } from "./pod_streams.ts";

/** What a path names. */
export interface Route {
  readonly kind: KindInfo;
  /** undefined for cluster-scoped kinds, and for a namespaced kind in all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** Whether the path is of the old form /api/v1/watch/…. */
  readonly watch: boolean;
}

/** A request with its route. */
export interface RoutedRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly route: Route;
}

function isSubresource(kind: KindInfo, name: string): boolean {
  return name in kind.subresources || (kind.storage === "pods" && POD_STREAMS.includes(name));
}

/** Parses `/api/v1/…` and `/apis/<group>/<version>/…`; undefined if nothing is served there. */
export function parseRoute(path: string): Route | undefined {
  const segments = path.split("/").slice(1);
  const versionLength = segments[0] === "api" ? 1 : segments[0] === "apis" ? 2 : 0;
  if (versionLength === 0) return undefined;
  const apiVersion = segments.slice(1, 1 + versionLength).join("/");
  let parts = segments.slice(1 + versionLength);
  if (parts.at(-1) === "") parts.pop();
  const watch = parts[0] === "watch";
  if (watch) parts = parts.slice(1);
  let namespace: string | undefined;
  if (parts[0] === "namespaces" && parts.length > 2) {
    const below = findResource(apiVersion, parts[2] as string);
    if (below?.namespaced) {
      namespace = decodeURIComponent(parts[1] as string);
      parts = parts.slice(2);
    }
  }
  const [plural = "", name, subresource, ...rest] = parts;
  const kind = findResource(apiVersion, plural);
  if (!kind) return undefined;
  // A name in a namespaced kind needs its namespace.
  if (kind.namespaced && namespace === undefined && name !== undefined) return undefined;
  if (subresource !== undefined && !isSubresource(kind, subresource)) return undefined;
  if (rest.length > 0 && subresource !== "proxy") return undefined;
  return {
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === undefined ? {} : { subresource }),
    watch,
  };
}
