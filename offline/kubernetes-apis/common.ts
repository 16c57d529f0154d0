/**
 * What the generated code reads and writes values with: checks of JSON values, and the types of
 * Kubernetes that are no structures. Behaves as the real package does, its quirks included:
 * {@linkcode toQuantity} drops decimals, {@linkcode toMicroTime} demands a fraction.
 *
 * @module
 */
import type {
  ApiKind,
  JSONObject,
  JSONValue,
  WatchEvent,
} from "@cloudydeno/kubernetes-client/lib/contract.ts";
import { type Status, toStatus } from "./generated/meta/v1/structs.ts";

export type {
  ApiKind,
  JSONValue,
  RestClient,
  WatchEvent,
} from "@cloudydeno/kubernetes-client/lib/contract.ts";
export { WatchEventTransformer } from "@cloudydeno/kubernetes-client/lib/stream-transformers.ts";
export {
  Duration,
  fromDuration,
  fromMicroTime,
  fromQuantity,
  fromTime,
  type IntOrString,
  MicroTime,
  Quantity,
  type Time,
  toDuration,
  toIntOrString,
  toMicroTime,
  toQuantity,
  toTime,
} from "./scalars.ts";
export {
  getPatchContentType,
  type JsonPatch,
  type JsonPatchOp,
  type PatchType,
  type ProxyOptions,
} from "./requests.ts";
export {
  checkBool,
  checkNum,
  checkObj,
  checkStr,
  identity,
  readEnum,
  readList,
  readMap,
  readOpt,
  type UnexpectedEnumValue,
  writeMap,
} from "./values.ts";

/** A watch of a typed API. */
export type WatchEventStream<T> = ReadableStream<WatchEvent<T & ApiKind, Status & ApiKind>>;

/** Whether the value is a `Status` object. */
export function isStatusKind(input: JSONValue): boolean {
  const { apiVersion, kind } = (input ?? {}) as Partial<ApiKind>;
  return apiVersion === "v1" && kind === "Status";
}

/**
 * The expected kind, if the object has it or has none. Throws the message of a `Status` (with
 * it as field `status`), or that another kind was given.
 */
export function assertOrAddApiVersionAndKind<T extends string, U extends string>(
  input: JSONObject | { apiVersion?: JSONValue; kind?: JSONValue },
  expectedVersion: T,
  expectedKind: U,
  required = false,
): { apiVersion: T; kind: U } {
  const { apiVersion, kind } = input;
  const missing = !("apiVersion" in input && "kind" in input);
  if (missing ? !required : apiVersion === expectedVersion && kind === expectedKind) {
    return { apiVersion: expectedVersion, kind: expectedKind };
  }
  if (isStatusKind(input)) {
    const status = toStatus(input);
    throw Object.assign(new Error(`Kubernetes says: ${status.message}`), { status });
  }
  const expected = JSON.stringify(`${expectedVersion}/${expectedKind}`);
  const given = missing
    ? "the given object didn't have any API metadata"
    : `was given ${JSON.stringify(`${apiVersion}/${kind}`)}`;
  throw new Error(`Kubernetes Resource Mistype: Expected ${expected}, but ${given}`);
}
