/**
 * Makes `local/apiserver/protobuf/generated/messages.ts`: how the kinds that clients send are laid
 * out in protobuf. Field numbers stand in the Go types of Kubernetes only, so it reads checkouts of
 * kubernetes/api and kubernetes/apimachinery:
 *
 *     deno run --allow-read --allow-write scripts/generate_protobuf_messages.ts API APIMACHINERY
 *
 * A message is a text of `number name type` joined by `|`. A type is a letter for a scalar (see
 * `decode.ts`) or a message's name; before it `*` for a pointer (zero values count), `[` for a
 * list, `{` for a map with text keys, `~` for fields that JSON shows as the outer object's own.
 */

/** Kinds that are sent: package and type. */
const ROOTS: Record<string, string[]> = {
  "apps/v1": ["Deployment", "ReplicaSet"],
  "authentication/v1": ["SelfSubjectReview", "TokenRequest", "TokenReview"],
  "authorization/v1": [
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
  ],
  "autoscaling/v1": ["Scale"],
  "batch/v1": ["CronJob", "Job"],
  "coordination/v1": ["Lease"],
  "core/v1": [
    "Binding",
    "ConfigMap",
    "Endpoints",
    "Event",
    "Namespace",
    "Node",
    "Pod",
    "Secret",
    "Service",
    "ServiceAccount",
  ],
  "discovery/v1": ["EndpointSlice"],
  "events/v1": ["Event"],
  "meta/v1": ["DeleteOptions"],
  "policy/v1": ["Eviction"],
  "rbac/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
};

/** Go types with a form of their own in JSON. */
const SPECIAL: Record<string, string> = {
  "meta/v1.Time": "t",
  "meta/v1.MicroTime": "u",
  "meta/v1.Duration": "n",
  "meta/v1.FieldsV1": "f",
  "k8s.io/apimachinery/pkg/api/resource.Quantity": "q",
  "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "x",
  "k8s.io/apimachinery/pkg/types.UID": "s",
  "k8s.io/apimachinery/pkg/types.NodeName": "s",
  "k8s.io/apimachinery/pkg/runtime.RawExtension": "r",
};
const SCALARS: Record<string, string> = {
  string: "s",
  bool: "b",
  int: "i",
  int32: "i",
  int64: "i",
  uint16: "i",
  uint32: "i",
  uint64: "i",
  uint8: "i",
  float64: "d",
};

interface GoPackage {
  readonly name: string;
  readonly imports: Map<string, string>;
  readonly structs: Map<string, string>;
  readonly aliases: Map<string, string>;
}

const [api, apimachinery] = Deno.args;
if (!api || !apimachinery) {
  console.error("Cannot generate: give the folders of kubernetes/api and kubernetes/apimachinery");
  Deno.exit(2);
}
const packages = new Map<string, GoPackage>();
const messages = new Map<string, string>();

function load(name: string): GoPackage {
  const known = packages.get(name);
  if (known) return known;
  const folder = name === "meta/v1" ? `${apimachinery}/pkg/apis/meta/v1` : `${api}/${name}`;
  const source = Deno.readTextFileSync(`${folder}/types.go`);
  const found: GoPackage = {
    name,
    imports: new Map(),
    structs: new Map(),
    aliases: new Map(),
  };
  const imports = /^import \(([\s\S]*?)^\)/m.exec(source)?.[1] ?? "";
  for (const [, alias, path = ""] of imports.matchAll(/^\s*(\w+)?\s*"([^"]+)"/gm)) {
    found.imports.set(alias ?? path.split("/").at(-1) ?? "", path);
  }
  for (
    const [, type = "", body = ""] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)
  ) {
    found.structs.set(type, body);
  }
  for (const [, type = "", of = ""] of source.matchAll(/^type (\w+) ([\w.[\]]+)\s*$/gm)) {
    if (of !== "struct") found.aliases.set(type, of);
  }
  packages.set(name, found);
  return found;
}

function shortName(path: string): string {
  if (path === "k8s.io/apimachinery/pkg/apis/meta/v1") return "meta/v1";
  return path.startsWith("k8s.io/api/") ? path.slice("k8s.io/api/".length) : path;
}

function describe(type: string, within: GoPackage): string {
  if (type.startsWith("*")) return `*${describe(type.slice(1), within)}`;
  if (type === "[]byte") return "y";
  if (type.startsWith("[]")) return `[${describe(type.slice(2), within)}`;
  const map = /^map\[[^\]]+\](.+)$/.exec(type);
  if (map) return `{${describe(map[1] as string, within)}`;
  if (SCALARS[type]) return SCALARS[type];
  const dot = type.indexOf(".");
  const of = dot < 0 ? within.name : shortName(within.imports.get(type.slice(0, dot)) ?? "");
  const name = type.slice(dot + 1);
  const special = SPECIAL[`${of}.${name}`];
  if (special) return special;
  const owner = load(of);
  const alias = owner.aliases.get(name);
  // A named list is a message with the list inside.
  if (alias?.startsWith("[]")) return "w";
  if (alias) return describe(alias, owner);
  return addMessage(owner, name);
}

function addMessage(within: GoPackage, name: string): string {
  const full = `${within.name}.${name}`;
  if (messages.has(full)) return full;
  messages.set(full, "");
  const body = within.structs.get(name);
  if (body === undefined) throw new Error(`Cannot describe "${full}": no such struct`);
  const fields: string[] = [];
  for (const line of body.split("\n")) {
    const match = /^\s*(?:(\w+)\s+)?(\S+)\s+`(.*)`\s*(?:\/\/.*)?$/.exec(line);
    if (!match || line.trim().startsWith("//")) continue;
    const [, , type = "", tags = ""] = match;
    const number = /protobuf:"\w+,(\d+),/.exec(tags)?.[1];
    const json = /json:"([^",]*)([^"]*)"/.exec(tags);
    if (!number || !json || json[1] === "-") continue;
    const inline = json[1] === "" && (json[2] ?? "").includes("inline");
    const described = describe(type, within);
    fields.push(`${number} ${json[1]} ${inline ? "~" : ""}${described}`);
  }
  messages.set(full, fields.join("|"));
  return full;
}

for (const [name, kinds] of Object.entries(ROOTS)) {
  for (const kind of kinds) addMessage(load(name), kind);
}
const lines = [...messages].sort(([a], [b]) => a < b ? -1 : 1)
  .map(([name, fields]) => `  ${JSON.stringify(name)}: ${JSON.stringify(fields)},`);
const output = new URL("../local/apiserver/protobuf/generated/messages.ts", import.meta.url);
Deno.mkdirSync(new URL(".", output), { recursive: true });
Deno.writeTextFileSync(
  output,
  `// Generated by scripts/generate_protobuf_messages.ts. Do not edit.\n// deno-fmt-ignore-file\n\n` +
    `/** Message name → its fields, \`number name type\` joined by \`|\`. */\n` +
    `export const MESSAGES: Readonly<Record<string, string>> = {\n${lines.join("\n")}\n};\n`,
);
console.log(`${lines.length} messages written`);
