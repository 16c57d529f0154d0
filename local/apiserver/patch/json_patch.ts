import type { JsonObject } from "../schema/schema.ts";
import { isObject, setField } from "../schema/json_object.ts";
import { jsonEqual } from "./json.ts";
import { PatchError } from "./patch_error.ts";

/** The API server's limit of operations in one patch. */
const MAX_OPERATIONS = 10_000;

/** One operation of a JSON patch. */
export interface JsonPatchOperation {
  /** What to do. */
  op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  /** JSON pointer. */
  path: string;
  /** JSON pointer, for `move` and `copy`. */
  from?: string;
  /** For `add`, `replace` and `test`. */
  value?: unknown;
}

/**
 * Applies a JSON patch (RFC 6902). `current` is not changed.
 *
 * @throws {PatchError} 400 if `operations` is no JSON patch; 422 if an operation does not fit the
 * object, or a `test` fails
 */
export function jsonPatch(current: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) {
    throw new PatchError(
      400,
      `json: cannot unmarshal ${jsonType(operations)} into Go value of type jsonpatch.Patch`,
    );
  }
  if (operations.length > MAX_OPERATIONS) {
    throw new PatchError(
      400,
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    );
  }
  let document: unknown = structuredClone(current);
  for (const operation of operations) document = applyOperation(document, operation);
  if (!isObject(document)) throw new PatchError(422, "the patched document is no object");
  return document;
}

function applyOperation(document: unknown, operation: unknown): unknown {
  if (!isObject(operation) || typeof operation.path !== "string") {
    throw new PatchError(422, 'an operation needs "op" and "path"');
  }
  const { op, path, value } = operation as unknown as JsonPatchOperation;
  switch (op) {
    case "add":
      return add(document, path, valueOf(operation));
    case "remove":
      return remove(document, path);
    case "replace":
      return replace(document, path, valueOf(operation));
    case "test":
      if (!tested(document, path, value)) {
        throw new PatchError(422, `testing value ${path} failed: test failed`);
      }
      return document;
    case "move": {
      const moved = read(document, needFrom(operation));
      if (path.startsWith(`${operation.from}/`)) {
        throw new PatchError(422, `unable to move ${quoted(operation.from)} into itself`);
      }
      return add(remove(document, operation.from), path, moved);
    }
    case "copy":
      return add(document, path, structuredClone(read(document, needFrom(operation))));
    default:
      throw new PatchError(422, `unexpected kind of operation: ${op}`);
  }
}

/** No value is null, as the API server takes it. */
function valueOf(operation: JsonObject): unknown {
  return structuredClone(operation.value ?? null);
}

function jsonType(value: unknown): string {
  if (typeof value === "boolean") return "bool";
  return value === null ? "null" : typeof value;
}

function needFrom(operation: JsonObject): string {
  if (typeof operation.from !== "string") {
    throw new PatchError(422, `operation "${operation.op}" needs "from"`);
  }
  return operation.from;
}

/** A `test` of null also holds for what is not there. */
function tested(document: unknown, path: string, value: unknown): boolean {
  const { parent, key } = locate(document, path);
  const found = parent === undefined ? document : valueAt(parent, key, path);
  return found === undefined ? value === null || value === undefined : jsonEqual(found, value);
}

function tokens(pointer: string): string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw new PatchError(422, `invalid path ${quoted(pointer)}`);
  return pointer.slice(1).split("/").map((t) => t.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The container that a pointer's last token is in, and that token; no parent for the root. */
function locate(document: unknown, pointer: string): { parent: unknown; key: string } {
  const path = tokens(pointer);
  if (path.length === 0) return { parent: undefined, key: "" };
  let parent = document;
  for (const token of path.slice(0, -1)) {
    parent = valueAt(parent, token, pointer);
    if (typeof parent !== "object" || parent === null) throw missing(pointer);
  }
  return { parent, key: path.at(-1)! };
}

function valueAt(container: unknown, key: string, pointer: string): unknown {
  if (Array.isArray(container)) return container[index(container, key, pointer)];
  if (isObject(container)) return Object.hasOwn(container, key) ? container[key] : undefined;
  throw missing(pointer);
}

/** Negative indices count from the end, as the API server takes them. */
function index(list: unknown[], key: string, pointer: string, extra = 0): number {
  if (!/^-?(0|[1-9]\d*)$/.test(key)) {
    throw new PatchError(422, `invalid index in ${quoted(pointer)}`);
  }
  let i = Number(key);
  if (i < 0) i += list.length + extra;
  if (i < 0 || i >= list.length + extra) {
    throw new PatchError(422, `Unable to access invalid index: ${key}: invalid index referenced`);
  }
  return i;
}

function read(document: unknown, pointer: string): unknown {
  const { parent, key } = locate(document, pointer);
  const value = parent === undefined ? document : valueAt(parent, key, pointer);
  if (value === undefined) throw missing(pointer);
  return value;
}

function add(document: unknown, pointer: string, value: unknown): unknown {
  const { parent, key } = locate(document, pointer);
  if (parent === undefined) return value;
  if (Array.isArray(parent)) {
    parent.splice(key === "-" ? parent.length : index(parent, key, pointer, 1), 0, value);
  } else if (isObject(parent)) {
    setField(parent, key, value);
  } else {
    throw missing(pointer);
  }
  return document;
}

function remove(document: unknown, pointer: string): unknown {
  const { parent, key } = locate(document, pointer);
  if (parent === undefined) throw new PatchError(422, "unable to remove the whole object");
  if (valueAt(parent, key, pointer) === undefined) {
    throw new PatchError(
      422,
      `remove operation does not apply: doc is missing path: ${quoted(pointer)}: missing value`,
    );
  }
  if (Array.isArray(parent)) parent.splice(index(parent, key, pointer), 1);
  else delete (parent as JsonObject)[key];
  return document;
}

function replace(document: unknown, pointer: string, value: unknown): unknown {
  const { parent, key } = locate(document, pointer);
  if (parent === undefined) return value;
  if (valueAt(parent, key, pointer) === undefined) {
    throw new PatchError(
      422,
      `replace operation does not apply: doc is missing key: ${pointer}: missing value`,
    );
  }
  if (Array.isArray(parent)) parent[index(parent, key, pointer)] = value;
  else setField(parent as JsonObject, key, value);
  return document;
}

function missing(pointer: string): PatchError {
  return new PatchError(422, `doc is missing path: ${quoted(pointer)}: missing value`);
}

function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? "");
}
