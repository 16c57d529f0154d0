import type { JSONObject, JSONValue } from "@cloudydeno/kubernetes-client";
import type { KubeObject, ObjectKey, ResourceKind } from "./resource_kind.ts";

/** A decoded object with the parts of its metadata that the cache goes by. */
export interface Entry<T> {
  /** `namespace/name`, or `name` when cluster-scoped. */
  readonly key: ObjectKey;
  /** Differs between two objects of the same name. */
  readonly uid: string;
  /** Differs between two states of the same object; opaque. */
  readonly resourceVersion: string;
  /** The typed object. A decoder may build it at the first access. */
  readonly object: T;
}

/** Why the server ends a watch: the parts of a `Status` that decide what to do. */
export interface ErrorStatus {
  /** HTTP code, such as 410. */
  readonly code: number;
  /** One word, such as `Expired`. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs?: number;
}

/** One line of a watch. */
export type WatchEvent<T> =
  | { readonly type: "added" | "modified" | "deleted"; readonly entry: Entry<T> }
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  | { readonly type: "error"; readonly status: ErrorStatus };

/** One page of a list. */
export interface ListPage<T> {
  /** The objects on this page. */
  readonly entries: Entry<T>[];
  /** The state of the whole list; where a watch may begin. */
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last. */
  readonly continueToken?: string;
}

/**
 * Makes events of bytes. Both methods throw on anything that is not what they expect: the
 * reflector counts that, reports it and reads again.
 */
export interface EventDecoder<T> {
  /** Decodes one line of a watch; the bytes are only valid during the call. */
  event(line: Uint8Array): WatchEvent<T>;
  /** Decodes the body of a list response. */
  page(body: Uint8Array): ListPage<T>;
}

const EVENT_TYPES = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/**
 * Decodes with `JSON.parse` and the kind's typed conversion, without
 * `metadata.managedFields`: nobody who watches needs it, and it is half of many objects.
 */
export function jsonDecoder<T extends KubeObject>(kind: ResourceKind<T>): EventDecoder<T> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  function entry(raw: JSONValue): Entry<T> {
    const metadata = asObject(asObject(raw, "an object").metadata, "metadata");
    delete metadata.managedFields;
    const name = asString(metadata.name, "metadata.name");
    const { namespace, uid } = metadata;
    return {
      key: typeof namespace === "string" && namespace !== "" ? `${namespace}/${name}` : name,
      uid: typeof uid === "string" ? uid : "",
      resourceVersion: asString(metadata.resourceVersion, "metadata.resourceVersion"),
      object: kind.decode(raw),
    };
  }

  return {
    event(line) {
      const raw = asObject(JSON.parse(utf8.decode(line)), "a watch event");
      const type = raw.type;
      if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
        return { type: EVENT_TYPES[type], entry: entry(raw.object) };
      }
      if (type === "BOOKMARK") {
        const metadata = asObject(asObject(raw.object, "a bookmark").metadata, "metadata");
        const resourceVersion = asString(metadata.resourceVersion, "metadata.resourceVersion");
        return { type: "bookmark", resourceVersion };
      }
      if (type === "ERROR") return { type: "error", status: errorStatus(raw.object) };
      throw new TypeError(`Cannot decode a watch event: its type is ${JSON.stringify(type)}`);
    },
    page(body) {
      const raw = asObject(JSON.parse(utf8.decode(body)), "a list");
      const metadata = asObject(raw.metadata, "metadata");
      const items = raw.items ?? [];
      if (!Array.isArray(items)) throw new TypeError("Cannot decode a list: items is no array");
      const token = metadata.continue;
      return {
        entries: items.map(entry),
        resourceVersion: asString(metadata.resourceVersion, "metadata.resourceVersion"),
        continueToken: typeof token === "string" && token !== "" ? token : undefined,
      };
    },
  };
}

function errorStatus(raw: JSONValue): ErrorStatus {
  const { code, reason, message, details } = asObject(raw, "an error event");
  const wait = (details as JSONObject | undefined)?.retryAfterSeconds;
  return {
    code: typeof code === "number" ? code : 500,
    reason: typeof reason === "string" ? reason : "",
    message: typeof message === "string" ? message : "",
    retryAfterMs: typeof wait === "number" ? wait * 1000 : undefined,
  };
}

function asObject(raw: JSONValue, what: string): JSONObject {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return raw;
  throw new TypeError(`Cannot decode ${what}: it is no JSON object`);
}

function asString(raw: JSONValue, what: string): string {
  if (typeof raw === "string" && raw !== "") return raw;
  throw new TypeError(`Cannot decode an object: its ${what} is ${JSON.stringify(raw)}`);
}
