/** Which form of an answer a client accepts. */
import { stringify } from "yaml";
import { notAcceptable } from "./errors.ts";
import type { ApiObject, JsonObject } from "./object.ts";
import { encodeJson } from "./stored.ts";

/** The form of an answer. */
export interface Form {
  readonly as: "object" | "table" | "partial";
  readonly yaml: boolean;
}

const ACCEPTED = ["application/json", "application/yaml"];

/** Takes the first acceptable form; throws 406 when none is. */
export function negotiate(accept: string | null): Form {
  if (!accept) return { as: "object", yaml: false };
  for (const clause of accept.split(",")) {
    const [type = "", ...rest] = clause.split(";").map((part) => part.trim());
    const parameters = new Map(rest.map((part) => part.split("=") as [string, string]));
    const yaml = type === "application/yaml";
    if (!yaml && !["application/json", "*/*", "application/*"].includes(type)) continue;
    const as = parameters.get("as");
    if (!as) return { as: "object", yaml };
    if (parameters.get("g") !== "meta.k8s.io") continue;
    const version = parameters.get("v");
    if (version !== "v1" && version !== "v1beta1") continue;
    if (as === "Table") return { as: "table", yaml };
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") {
      return { as: "partial", yaml };
    }
  }
  throw notAcceptable(ACCEPTED);
}

/** An object's metadata alone. */
export function partialMetadata(object: ApiObject): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  };
}

/** `no-transform` keeps the HTTP server from compressing, which would hold back watch events. */
const CACHE_CONTROL = "no-cache, private, no-transform";

/** Answers JSON bytes. */
export function jsonBytes(bytes: Uint8Array | ReadableStream<Uint8Array>, code = 200): Response {
  return new Response(bytes as BodyInit, {
    status: code,
    headers: { "content-type": "application/json", "cache-control": CACHE_CONTROL },
  });
}

/** Answers a value as JSON, or YAML if that is asked for. */
export function answer(value: unknown, code = 200, form?: Form): Response {
  if (form?.yaml) {
    return new Response(stringify(value), {
      status: code,
      headers: { "content-type": "application/yaml", "cache-control": CACHE_CONTROL },
    });
  }
  return jsonBytes(encodeJson(value), code);
}

/** Answers text. */
export function plainText(text: string, code = 200): Response {
  return new Response(text, {
    status: code,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
