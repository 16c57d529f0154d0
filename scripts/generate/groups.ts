/** The API groups that are generated, and the names derived from them. */
import type { OpenApiDocument, Schema } from "./openapi.ts";

/** `group/version`; what these refer to must be among them. */
export const GROUPS: readonly string[] = [
  "meta/v1",
  "core/v1",
  "apps/v1",
  "batch/v1",
  "coordination.k8s.io/v1",
  "discovery.k8s.io/v1",
  "events.k8s.io/v1",
  "rbac.authorization.k8s.io/v1",
  "authentication.k8s.io/v1",
  "authorization.k8s.io/v1",
  "autoscaling/v1",
  "policy/v1",
];

export interface ApiGroup {
  /** Folder and subpath: "apps/v1". */
  readonly path: string;
  /** In objects: "apps/v1", and "v1" for core and meta. */
  readonly apiVersion: string;
  /** Prefix of names: "AppsV1". */
  readonly name: string;
  /** On the server: "/apis/apps/v1/". */
  readonly root: string;
  readonly definitionPrefix: string;
}

const META_PREFIX = "io.k8s.apimachinery.pkg.apis.meta.v1.";

export function describeGroup(document: OpenApiDocument, path: string): ApiGroup {
  const [group, version] = path.split("/") as [string, string];
  const name = camelCase(group.replace(/\.k8s\.io$/, "")) + camelCase(version);
  const root = group === "core" ? `/api/${version}/` : `/apis/${path}/`;
  const apiVersion = group === "core" || group === "meta" ? version : path;
  const definitionPrefix = group === "meta" ? META_PREFIX : findPrefix(document, path);
  return { path, apiVersion, name, root, definitionPrefix };
}

/** Definitions of a group by their short name, in the document's order. */
export function definitionsOf(document: OpenApiDocument, group: ApiGroup): Map<string, Schema> {
  const found = new Map<string, Schema>();
  for (const [id, schema] of Object.entries(document.definitions)) {
    if (!id.startsWith(group.definitionPrefix)) continue;
    const name = id.slice(group.definitionPrefix.length);
    if (schema.type === "object" && !name.includes(".")) found.set(name, schema);
  }
  return found;
}

function findPrefix(document: OpenApiDocument, path: string): string {
  const [group, version] = path.split("/");
  const groupName = group === "core" ? "" : group;
  for (const [id, schema] of Object.entries(document.definitions)) {
    const kinds = schema["x-kubernetes-group-version-kind"] ?? [];
    if (kinds.length === 1 && kinds[0]!.group === groupName && kinds[0]!.version === version) {
      return id.slice(0, id.lastIndexOf(".") + 1);
    }
  }
  throw new Error(`Cannot find group "${path}": no definition in the document belongs to it`);
}

function camelCase(text: string): string {
  return text.replace(/(?:^|[.-])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
