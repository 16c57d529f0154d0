import type { JSONObject, JSONValue } from "@cloudydeno/kubernetes-client";
import type { Decoded, Entry, ErrorStatus, ListPage, WatchEvent } from "./event_decoder.ts";
import type { ObjectKey } from "./resource_kind.ts";

/** The parts of an object's metadata that the cache goes by. */
export type Identity = Omit<Entry<unknown>, "object">;

const CHANGES = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/**
 * Makes an event of the parsed line of a watch; `decode` gets the object of a change.
 *
 * @throws {TypeError} When it is none.
 */
export function eventOf<T>(
  parsed: JSONValue,
  decode: (object: JSONObject) => Decoded<T>,
): WatchEvent<T> {
  const raw = objectOf(parsed, "a watch event");
  const type = raw.type;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED": {
      const { entry, object } = decode(objectOf(raw.object, "an object"));
      return { type: CHANGES[type], entry, object };
    }
    case "BOOKMARK": {
      const metadata = objectOf(objectOf(raw.object, "a bookmark").metadata, "metadata");
      const resourceVersion = stringOf(metadata.resourceVersion, "metadata.resourceVersion");
      return { type: "bookmark", resourceVersion };
    }
    case "ERROR":
      return { type: "error", status: statusOf(objectOf(raw.object, "an error event")) };
    default:
      throw new TypeError(`Cannot decode a watch event: its type is ${JSON.stringify(type)}`);
  }
}

/**
 * Makes a page of the parsed body of a list; `decode` gets each of its items.
 *
 * @throws {TypeError} When it is none.
 */
export function pageOf<T>(
  parsed: JSONValue,
  decode: (object: JSONObject) => Decoded<T>,
): ListPage<T> {
  const raw = objectOf(parsed, "a list");
  const metadata = objectOf(raw.metadata, "metadata");
  const items = raw.items ?? [];
  if (!Array.isArray(items)) throw new TypeError("Cannot decode a list: items is no array");
  const token = metadata.continue;
  return {
    items: items.map((item) => decode(objectOf(item, "an object"))),
    resourceVersion: stringOf(metadata.resourceVersion, "metadata.resourceVersion"),
    continueToken: typeof token === "string" && token !== "" ? token : undefined,
  };
}

/** Names an object, and drops its managedFields: nobody who watches needs them. */
export function identify(object: JSONObject): Identity {
  const metadata = objectOf(object.metadata, "metadata");
  if (metadata.managedFields !== undefined) delete metadata.managedFields;
  const { namespace, uid } = metadata;
  const name = stringOf(metadata.name, "metadata.name");
  const key: ObjectKey = typeof namespace === "string" && namespace !== ""
    ? `${namespace}/${name}`
    : name;
  return {
    key,
    uid: typeof uid === "string" ? uid : "",
    resourceVersion: stringOf(metadata.resourceVersion, "metadata.resourceVersion"),
  };
}

function statusOf(object: JSONObject): ErrorStatus {
  const { code, reason, message, details } = object;
  const wait = (details as JSONObject | undefined)?.retryAfterSeconds;
  return {
    code: typeof code === "number" ? code : 500,
    reason: typeof reason === "string" ? reason : "",
    message: typeof message === "string" ? message : "",
    retryAfterMs: typeof wait === "number" ? wait * 1000 : undefined,
  };
}

function objectOf(raw: JSONValue, what: string): JSONObject {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return raw;
  throw new TypeError(`Cannot decode ${what}: it is no JSON object`);
}

function stringOf(raw: JSONValue, what: string): string {
  if (typeof raw === "string" && raw !== "") return raw;
  throw new TypeError(`Cannot decode an object: its ${what} is ${JSON.stringify(raw)}`);
}
