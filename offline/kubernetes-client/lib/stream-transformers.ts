/** Transforms from lines to JSON and from JSON to typed watch events. */
import type { JSONObject, JSONValue, WatchEvent } from "./contract.ts";

/** One line of text in, one JSON object out. A line that is no object fails the stream. */
export class JsonParsingTransformer extends TransformStream<string, JSONObject> {
  constructor() {
    super({
      transform(line, controller): void {
        if (!line.startsWith("{")) {
          throw new Error(`JSON line doesn't start with {: ${line.slice(0, 256)}`);
        }
        controller.enqueue(JSON.parse(line));
      },
    });
  }
}

/** Raw watch events in, events with decoded objects out. An unknown event fails the stream. */
export class WatchEventTransformer<T, U> extends TransformStream<JSONObject, WatchEvent<T, U>> {
  constructor(objValidator: (val: JSONObject) => T, errValidator: (val: JSONObject) => U) {
    super({
      transform(raw, controller): void {
        controller.enqueue(decode(raw, objValidator, errValidator));
      },
    });
  }
}

function decode<T, U>(
  raw: JSONObject,
  toObject: (val: JSONObject) => T,
  toError: (val: JSONObject) => U,
): WatchEvent<T, U> {
  const { type, object } = raw;
  if (typeof type !== "string") {
    throw new Error(`BUG: watch record 'type' field was ${typeof type}`);
  }
  if (!isObject(object)) {
    const given = object == null ? "null" : Array.isArray(object) ? "Array" : typeof object;
    throw new Error(`BUG: watch record 'object' field was ${given}`);
  }
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object: toObject(object) };
    case "ERROR":
      return { type, object: toError(object) };
    case "BOOKMARK": {
      const version = isObject(object.metadata) ? object.metadata.resourceVersion : undefined;
      if (typeof version !== "string") {
        throw new Error(`BUG: BOOKMARK event wasn't recognizable: ${JSON.stringify(object)}`);
      }
      return { type, object: { metadata: { resourceVersion: version } } };
    }
    default:
      throw new Error(`BUG: watch record got unknown event type ${type}`);
  }
}

function isObject(value: JSONValue): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
