/**
 * Makes `local/apiserver/schema/generated/kubernetes.ts` from an OpenAPI v2 document:
 *
 * ```sh
 * deno run --allow-read --allow-write scripts/generate_schema.ts kubernetes-1.36.json
 * ```
 *
 * The output holds the facts that the embedded API server needs of the kinds that it serves (and of
 * everything that they refer to), no prose. It is deterministic. The facts are one JSON text in a
 * TypeScript module: that loads the same under `deno run`, `deno compile` and from a registry, costs
 * the type checker nothing, and is parsed only when the first schema is asked for.
 *
 * @module
 */

/** The plural names that are served, by group and version. */
const SERVED: Record<string, string[]> = {
  "v1": [
    "bindings",
    "configmaps",
    "endpoints",
    "events",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "secrets",
    "serviceaccounts",
    "services",
  ],
  "apps/v1": ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"],
  "authentication.k8s.io/v1": ["selfsubjectreviews", "tokenreviews"],
  "authorization.k8s.io/v1": [
    "localsubjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "subjectaccessreviews",
  ],
  "batch/v1": ["cronjobs", "jobs"],
  "coordination.k8s.io/v1": ["leases"],
  "discovery.k8s.io/v1": ["endpointslices"],
  "events.k8s.io/v1": ["events"],
  "policy/v1": ["poddisruptionbudgets"],
  "rbac.authorization.k8s.io/v1": ["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
  "scheduling.k8s.io/v1": ["priorityclasses"],
  "storage.k8s.io/v1": ["csidrivers", "csinodes", "storageclasses"],
};

/** Definitions that no path of the above refers to and that are needed all the same. */
const EXTRA: string[] = [
  "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
  "io.k8s.api.policy.v1.Eviction",
  "io.k8s.api.autoscaling.v1.Scale",
];

/** Map keys that have a default, which version 2 documents leave out. */
const KEY_DEFAULTS: Record<string, Record<string, string>> = {
  "io.k8s.api.core.v1.ContainerPort": { protocol: "TCP" },
  "io.k8s.api.core.v1.ServicePort": { protocol: "TCP" },
};

const OUTPUT = new URL("../local/apiserver/schema/generated/kubernetes.ts", import.meta.url);
const REF = "#/definitions/";
const METHODS = ["get", "put", "post", "patch", "delete"];

// deno-lint-ignore no-explicit-any
type Json = any;

/** Short names: the shape is told in `local/apiserver/schema/compact.ts`. */
function compactType(type: Json, index: Map<string, number>): Json {
  if (type.$ref) {
    const out: Json = { r: index.get(type.$ref.slice(REF.length)) };
    if (type["x-kubernetes-map-type"] === "granular") out.g = 1;
    return withPatch(out, type);
  }
  if (type.type === "array") {
    const out: Json = { a: compactType(type.items, index) };
    if (type["x-kubernetes-list-type"]) out.t = type["x-kubernetes-list-type"];
    if (type["x-kubernetes-list-map-keys"]) out.k = type["x-kubernetes-list-map-keys"];
    return withPatch(out, type);
  }
  if (type.type === "object") {
    const out: Json = type.additionalProperties
      ? { m: compactType(type.additionalProperties, index) }
      : { m: "any" };
    if (type["x-kubernetes-map-type"] === "atomic") out.t = "atomic";
    return withPatch(out, type);
  }
  if (type.enum) return { e: type.enum };
  return type.format ?? type.type ?? "any";
}

function withPatch(out: Json, type: Json): Json {
  if (type["x-kubernetes-patch-strategy"]) out.s = type["x-kubernetes-patch-strategy"];
  if (type["x-kubernetes-patch-merge-key"]) out.y = type["x-kubernetes-patch-merge-key"];
  return out;
}

/** What a definition without properties is. */
function compactScalar(name: string, definition: Json): string {
  const short = name.slice(name.lastIndexOf(".") + 1);
  if (short === "Quantity") return "quantity";
  if (short === "MicroTime") return "micro-time";
  if (short === "Time") return "date-time";
  if (short === "IntOrString") return "int-or-string";
  return definition.type === "object" ? "untyped" : "any";
}

function references(value: Json, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) references(item, found);
  } else if (value && typeof value === "object") {
    if (typeof value.$ref === "string" && value.$ref.startsWith(REF)) {
      found.add(value.$ref.slice(REF.length));
    }
    for (const item of Object.values(value)) references(item, found);
  }
}

function servedPaths(document: Json): string[] {
  return Object.keys(document.paths).filter((path) => {
    const parts = path.split("/").slice(1);
    const version = parts[0] === "api" ? parts[1] : `${parts[1]}/${parts[2]}`;
    const rest = parts.slice(parts[0] === "api" ? 2 : 3);
    if (rest[0] === "watch" || path.includes("/proxy") || !version) return false;
    const served = SERVED[version];
    if (!served || rest.length === 0 || rest[0] === "") return false;
    if (rest[0] === "namespaces" && rest.length >= 3 && rest[1] === "{namespace}") {
      rest.splice(0, 2);
    }
    return served.includes(rest[0]!);
  }).sort();
}

function closure(document: Json, paths: string[]): string[] {
  const found = new Set<string>(EXTRA);
  for (const path of paths) references(document.paths[path], found);
  for (const name of found) references(document.definitions[name], found); // grows while it runs
  return [...found].sort();
}

function compact(document: Json): Json {
  const paths = servedPaths(document);
  const names = closure(document, paths);
  const index = new Map(names.map((name, i) => [name, i]));
  const definitions = names.map((name) => {
    const definition = document.definitions[name];
    if (!definition.properties) return { n: name, x: compactScalar(name, definition) };
    const out: Json = { n: name, p: {} };
    for (const field of Object.keys(definition.properties).sort()) {
      out.p[field] = compactType(definition.properties[field], index);
    }
    if (definition.required) out.q = definition.required;
    if (definition["x-kubernetes-map-type"] === "atomic") out.t = "atomic";
    if (KEY_DEFAULTS[name]) out.d = KEY_DEFAULTS[name];
    const kinds: Json[] = definition["x-kubernetes-group-version-kind"] ?? [];
    if (kinds.length > 0) {
      // DeleteOptions and WatchEvent are registered in every group: the core one is enough.
      const kept = kinds.length > 5 ? kinds.filter((k) => k.group === "") : kinds;
      out.k = kept.map((k) => [k.group, k.version, k.kind]);
    }
    return out;
  });
  const operations = paths.map((path) => {
    const item = document.paths[path];
    const methods = METHODS.filter((method) => item[method]);
    const first = item[methods[0]!]["x-kubernetes-group-version-kind"];
    const body = methods.map((m) => item[m].parameters?.find((p: Json) => p.in === "body"))
      .find((p) => p?.schema?.$ref)?.schema.$ref.slice(REF.length);
    const answer = item[methods[0]!].responses?.["200"]?.schema?.$ref?.slice(REF.length);
    return {
      p: path,
      m: methods.join(" "),
      ...(first ? { k: [first.group, first.version, first.kind] } : {}),
      ...(body !== undefined ? { b: index.get(body) } : {}),
      ...(answer !== undefined ? { a: index.get(answer) } : {}),
    };
  });
  return { version: document.info.version, definitions, operations };
}

if (import.meta.main) {
  const source = Deno.args[0];
  if (!source) {
    console.error("Cannot generate the schema: no OpenAPI v2 document given");
    Deno.exit(2);
  }
  const json = JSON.stringify(compact(JSON.parse(Deno.readTextFileSync(source))));
  const text = json.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${");
  Deno.writeTextFileSync(
    OUTPUT,
    "// deno-fmt-ignore-file\n// Generated by scripts/generate_schema.ts; do not edit.\n\n" +
      "/** What the embedded API server knows of each kind: JSON text, shape in `compact.ts`. */\n" +
      `export const KUBERNETES_SCHEMA: string = \`${text}\`;\n`,
  );
}
