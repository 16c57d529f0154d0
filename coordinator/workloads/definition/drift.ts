/**
 * What differs between an object as it was applied and as it is now.
 *
 * Only what was applied is compared. What a server adds (defaults, identity, state) and what others
 * add (annotations of tools, sidecars) is theirs, as it is in server-side apply. Lists that a server
 * merges by key are compared item by item, others as a whole.
 */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import type { KubeObject, WritableKind } from "../../../kube/mod.ts";
import { type Head, HEAD_KINDS, type Part, PART_KINDS } from "../../heads.ts";
import { sameQuantity } from "./quantity.ts";

/** Options of {@linkcode drift}. */
export interface DriftOptions {
  /** Paths of fields that somebody else may change, such as `spec.replicas`. @default none */
  ignore?: readonly string[];
}

/** What only says which object of that name is meant. */
const NO_CONTENT = ["metadata.uid", "metadata.resourceVersion"];

/** What tells the items of a list apart, by the list's name; lists that are not here are whole. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  imagePullSecrets: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  ports: ["containerPort", "port", "protocol"],
  hostAliases: ["ip"],
  ownerReferences: ["uid"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
};

/** Maps whose values are quantities, and fields that are one. */
const QUANTITIES = new Set(["requests", "limits", "sizeLimit", "divisor"]);

/** Fields whose zero, and maps whose emptiness, a server does not store. */
const ZERO_LEFT_OUT = new Set([
  ...["value", "hostNetwork", "hostPID", "hostIPC", "readOnly", "stdin", "stdinOnce", "tty"],
  ...["paused", "minReadySeconds", "initialDelaySeconds", "hostPort", "subPath", "medium"],
  ...["labels", "annotations", "nodeSelector", "matchLabels", "requests", "limits"],
  ...["publishNotReadyAddresses", "selector"],
]);

/**
 * The paths of the fields in which `live` differs from `desired`, such as
 * `spec.template.spec.containers[worker].image`.
 */
export function drift(
  desired: Head | Part,
  live: Head | Part,
  options: DriftOptions = {},
): string[] {
  if (desired.kind !== live.kind) return ["kind"];
  const kind = { ...HEAD_KINDS, ...PART_KINDS }[desired.kind] as WritableKind<KubeObject>;
  const found: string[] = [];
  const ignored = [...NO_CONTENT, ...options.ignore ?? []];
  const search = { found, isIgnored: (path: string) => ignored.includes(path) };
  compare(kind.encode(desired), kind.encode(live), { path: "", names: [] }, search);
  return found;
}

interface Place {
  /** Where it is, as it is told. */
  readonly path: string;
  /** The names of the fields on the way, the last one at the end. */
  readonly names: readonly string[];
}

interface Search {
  readonly found: string[];
  readonly isIgnored: (path: string) => boolean;
}

function compare(
  desired: JSONValue | undefined,
  live: JSONValue | undefined,
  place: Place,
  search: Search,
): void {
  if (desired == null || search.isIgnored(place.path)) return;
  const name = place.names.at(-1) ?? "";
  if (Array.isArray(desired)) return compareLists(desired, live ?? [], place, search);
  if (live == null && isZero(desired) && ZERO_LEFT_OUT.has(name)) return;
  if (typeof desired !== "object") {
    if (!isSame(desired, live, place)) search.found.push(place.path);
  } else if (typeof live !== "object" || live === null || Array.isArray(live)) {
    search.found.push(place.path);
  } else {
    for (const [key, value] of Object.entries(desired)) {
      compare(value, live[key], inside(place, key), search);
    }
  }
}

function compareLists(
  desired: JSONValue[],
  live: JSONValue,
  place: Place,
  search: Search,
): void {
  const keys = KEYS[place.names.at(-1) ?? ""];
  const items = Array.isArray(live) ? live : [];
  if (keys === undefined && items.length !== desired.length) {
    return void search.found.push(place.path);
  }
  desired.forEach((item, i) => {
    const match = keys === undefined ? items[i] : items.find((other) => isNamed(item, other, keys));
    const label = keys === undefined ? i : idOf(item, keys);
    const at = { ...place, path: `${place.path}[${label}]` };
    if (match !== undefined) compare(item, match, at, search);
    else if (!search.isIgnored(at.path)) search.found.push(at.path);
  });
}

function isNamed(desired: JSONValue, live: JSONValue, keys: readonly string[]): boolean {
  return keys.every((key) => {
    const value = field(desired, key);
    return value === undefined || value === field(live, key);
  });
}

function idOf(item: JSONValue, keys: readonly string[]): string {
  return keys.map((key) => field(item, key)).filter((value) => value !== undefined).join("/");
}

function field(item: JSONValue, key: string): JSONValue | undefined {
  return typeof item === "object" && item !== null && !Array.isArray(item) ? item[key] : undefined;
}

function isSame(desired: JSONValue, live: JSONValue | undefined, { names }: Place): boolean {
  if (desired === live) return true;
  if (!names.slice(-2).some((name) => QUANTITIES.has(name))) return false;
  return sameQuantity(String(desired), String(live));
}

function isZero(value: JSONValue): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}

function inside({ path, names }: Place, key: string): Place {
  const told = /[./]/.test(key) ? `[${key}]` : path === "" ? key : `.${key}`;
  return { path: path + told, names: [...names, key] };
}
