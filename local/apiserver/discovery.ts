/** What the server says about itself: versions, groups, resources, health. */
import { GROUP_VERSIONS, type KindInfo, KINDS } from "./kinds.ts";
import type { JsonObject } from "./object.ts";
import { openApiDocument, openApiPaths } from "./semantics.ts";
import { answer, plainText } from "./negotiate.ts";
import { notAcceptable } from "./errors.ts";

/** Kubernetes whose API this is. */
const VERSION = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.0-troupe",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "deno",
  platform: `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}`,
};

const GROUPS = [...new Set(KINDS.map((kind) => kind.group))].filter((group) => group !== "");
const HEALTH_PATHS = ["healthz", "livez", "readyz"];

/** Answers a path that is about the server; undefined when it is not. */
export function discover(path: string, request: Request): Response | undefined {
  const segments = path.split("/").filter((segment) => segment !== "");
  const [first = "", ...rest] = segments;
  if (first === "") return answer({ paths: allPaths() });
  if (HEALTH_PATHS.includes(first)) return plainText("ok");
  if (first === "version" && rest.length === 0) return answer(VERSION);
  if (first === "openapi") return openApi(rest);
  if (first === "api" && rest.length === 0) {
    return aggregated(request, [""]) ??
      answer({
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{
          clientCIDR: "0.0.0.0/0",
          serverAddress: new URL(request.url).host,
        }],
      });
  }
  if (first === "apis" && rest.length === 0) {
    return aggregated(request, GROUPS) ??
      answer({ kind: "APIGroupList", apiVersion: "v1", groups: GROUPS.map((name) => group(name)) });
  }
  if (first === "apis" && rest.length === 1 && GROUPS.includes(rest[0] as string)) {
    return answer({ kind: "APIGroup", apiVersion: "v1", ...group(rest[0] as string) });
  }
  const groupVersion = rest.join("/");
  const isGroupVersion = first === "api"
    ? rest.length === 1
    : first === "apis" && rest.length === 2;
  if (isGroupVersion && GROUP_VERSIONS.includes(groupVersion)) {
    return answer(resources(groupVersion));
  }
  return undefined;
}

/** Whether a path is below a group version that is served. */
export function isGroupVersionPath(path: string): boolean {
  return GROUP_VERSIONS.some((groupVersion) =>
    path.startsWith(`${groupVersion.includes("/") ? "/apis" : "/api"}/${groupVersion}/`)
  );
}

function group(name: string): JsonObject {
  const versions = GROUP_VERSIONS.filter((version) => version.startsWith(`${name}/`))
    .map((groupVersion) => ({ groupVersion, version: groupVersion.split("/")[1] }));
  return { name, versions, preferredVersion: versions[0] };
}

function ofGroupVersion(groupVersion: string): KindInfo[] {
  return KINDS.filter((kind) => kind.apiVersion === groupVersion)
    .toSorted((a, b) => (a.plural < b.plural ? -1 : 1));
}

function resources(groupVersion: string): JsonObject {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: ofGroupVersion(groupVersion).flatMap((kind) => [
      {
        name: kind.plural,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.verbs,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      },
      ...subresourcesOf(kind).map(([name, subresource]) => ({
        name: `${kind.plural}/${name}`,
        singularName: "",
        namespaced: kind.namespaced,
        ...(subresource.group === kind.group
          ? {}
          : { group: subresource.group, version: subresource.version }),
        kind: subresource.kind,
        verbs: subresource.verbs,
      })),
    ]),
  };
}

function subresourcesOf(kind: KindInfo) {
  return Object.entries(kind.subresources).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const AGGREGATED = /application\/json;.*g=apidiscovery\.k8s\.io;.*as=APIGroupDiscoveryList/;

/** All groups with all resources in one document, for clients that ask for it. */
function aggregated(request: Request, groups: string[]): Response | undefined {
  const clause = (request.headers.get("accept") ?? "").split(",").find((accept) =>
    AGGREGATED.test(accept.replaceAll(" ", ""))
  );
  const version = /v=(v2(?:beta1)?)(?:;|$)/.exec(clause?.replaceAll(" ", "") ?? "")?.[1];
  if (!version) return undefined;
  const document = {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((name) => ({
      metadata: { ...(name ? { name } : {}), creationTimestamp: null },
      versions: GROUP_VERSIONS.filter((gv) => name ? gv.startsWith(`${name}/`) : !gv.includes("/"))
        .map((groupVersion) => ({
          version: groupVersion.split("/").at(-1),
          resources: ofGroupVersion(groupVersion).map(describeResource),
          freshness: "Current",
        })),
    })),
  };
  const response = answer(document);
  response.headers.set(
    "content-type",
    `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  );
  return response;
}

function describeResource(kind: KindInfo): JsonObject {
  const scope = kind.namespaced ? "Namespaced" : "Cluster";
  const subresources = subresourcesOf(kind).map(([name, info]) => ({
    subresource: name,
    responseKind: { group: info.group, version: info.version, kind: info.kind },
    verbs: info.verbs,
  }));
  return {
    resource: kind.plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope,
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function openApi(rest: string[]): Response | undefined {
  // Clients that want the old document want it as protobuf; they go on without it.
  if (rest[0] === "v2") return answer(notAcceptable([]).status, 406);
  if (rest[0] !== "v3") return undefined;
  const document = rest.length === 1 ? openApiPaths() : openApiDocument(rest.slice(1).join("/"));
  return document === undefined ? undefined : answer(document);
}

function allPaths(): string[] {
  return [
    "/api",
    "/api/v1",
    "/apis",
    ...GROUPS.flatMap((name) => [
      `/apis/${name}`,
      ...GROUP_VERSIONS.filter((version) => version.startsWith(`${name}/`))
        .map((version) => `/apis/${version}`),
    ]),
    "/healthz",
    "/livez",
    "/openapi/v3",
    "/readyz",
    "/version",
  ];
}
