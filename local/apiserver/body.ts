/** Request bodies: size, media type, JSON or YAML, and whether it is the kind of the URL. */
import { parse as parseYaml } from "yaml";
import { badRequest, tooLarge, unsupportedMediaType } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import { type ApiObject, isObject } from "./object.ts";
import { decodeProtobuf } from "./protobuf/decode.ts";
import { concat } from "./stored.ts";

/** The real server's limit. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const BODY_TYPES = ["application/json", "application/yaml", PROTOBUF];

/** The media type of a request, without parameters. */
export function mediaType(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** Reads the whole body; throws 413 when it is too large. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > MAX_BODY_BYTES) {
    await request.body?.cancel();
    throw tooLarge(MAX_BODY_BYTES);
  }
  if (!request.body) return new Uint8Array();
  if (announced > 0) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** Reads a body by its media type; undefined when it is empty. */
export async function readBody(request: Request): Promise<unknown> {
  const type = mediaType(request.headers);
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  if (type === PROTOBUF) {
    try {
      return decodeProtobuf(bytes);
    } catch (error) {
      throw badRequest(`error decoding protobuf: ${(error as Error).message}`);
    }
  }
  return parseText(new TextDecoder().decode(bytes), type);
}

function parseText(text: string, type: string): unknown {
  if (text.trim() === "") return undefined;
  if (type === "" || type === "application/json" || type.endsWith("+json")) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw badRequest(
        `the object provided is unrecognized: json parse error: ${(error as Error).message}`,
      );
    }
  }
  if (type === "application/yaml" || type.endsWith("+yaml")) return parseAsYaml(text);
  throw unsupportedMediaType(BODY_TYPES);
}

function parseAsYaml(text: string): unknown {
  const start = text.trimStart();
  if (start.startsWith("{")) {
    try {
      return JSON.parse(start);
    } catch {
      // YAML flow syntax.
    }
  }
  try {
    return parseYaml(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}

/** Reads an object of a kind; kind and apiVersion may be left out. */
export async function readObject(
  request: Request,
  kind: Pick<KindInfo, "apiVersion" | "kind">,
): Promise<ApiObject> {
  const type = mediaType(request.headers);
  if (type !== "" && !BODY_TYPES.includes(type)) {
    await request.body?.cancel();
    throw unsupportedMediaType(BODY_TYPES);
  }
  return asKind(await readBody(request), kind);
}

/** Checks that a value is an object of a kind. */
export function asKind(
  value: unknown,
  kind: Pick<KindInfo, "apiVersion" | "kind">,
): ApiObject {
  if (!isObject(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error`,
    );
  }
  const { kind: given, apiVersion } = value;
  const version = kind.apiVersion.split("/").at(-1);
  if (given !== undefined && given !== "" && given !== kind.kind) {
    throw badRequest(
      `${given} in version ${
        JSON.stringify(String(apiVersion ?? "").split("/").at(-1))
      } cannot be handled as a ${kind.kind}: converting (v1.${given}) to (${version}.${kind.kind}): unknown conversion`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== "" && apiVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${kind.apiVersion})`,
    );
  }
  const { metadata, kind: _kind, apiVersion: _version, ...rest } = value;
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    throw badRequest(
      `${kind.kind} in version ${
        JSON.stringify(version)
      } cannot be handled as a ${kind.kind}: json: cannot unmarshal metadata into Go value of type v1.ObjectMeta`,
    );
  }
  return { kind: kind.kind, apiVersion: kind.apiVersion, metadata: metadata ?? {}, ...rest };
}
