/** A record as a ConfigMap: what stands in it, and what of that is checked. */
import type { z } from "zod";
import { CONFIG_MAPS, type KubeObject, type ResourceKind } from "../../kube/mod.ts";
import { complaints, complaintText } from "../../runtime/mod.ts";
import type { FencingToken } from "../fencing/fencing_token.ts";
import { formatLog, NO_WRITES, parseLog, type WriteLog } from "./write_log.ts";

/** What a record is. */
export interface RecordDefinition<S> {
  /** What it is a part of, such as `mutex`: it stands in the name and in a label. */
  readonly kind: string;
  readonly name: string;
  /** What the state must be. */
  readonly schema: z.ZodType<S>;
  /** The state while there is no object. */
  readonly empty: S;
  /** Labels that its object has besides those of all. @default none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A ConfigMap as the API server sends it, or what of it is read. */
export interface ConfigMapJson {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly data?: Record<string, string>;
}

/** ConfigMaps, undecoded. */
export const RAW_CONFIG_MAPS: ResourceKind<ConfigMapJson & KubeObject> = {
  ...CONFIG_MAPS,
  decode: (raw) => raw as ConfigMapJson & KubeObject,
};

/** The label that tells what an object is a part of. */
export const PRIMITIVE_LABEL = "troupe.dev/primitive";

/** An object must fit into 1 MiB with its metadata. */
const MAX_BYTES = 900 * 1024;

const STATE_KEY = "state";
const WRITES_KEY = "writes";

/** A record as it was at a version. */
export interface Snapshot<S> {
  readonly state: S;
  /** The resourceVersion; while there is no object that of what was last seen of it, or 0. */
  readonly version: FencingToken;
  readonly log: WriteLog;
  /** The object; nothing if there is none. */
  readonly object?: ConfigMapJson;
}

/** A record whose object cannot be understood. */
export class RecordError extends Error {
  /** Always `"RecordError"`. */
  override readonly name = "RecordError";
}

/** Name of the object of a record. */
export function objectName({ kind, name }: { kind: string; name: string }): string {
  return `troupe-${kind}-${name}`;
}

/** Whether it is the same object, at whatever version. */
export function isSameObject(a: ConfigMapJson, b: ConfigMapJson): boolean {
  return a.metadata?.uid === b.metadata?.uid;
}

/** A record without an object. */
export function absent<S>({ empty }: RecordDefinition<S>, version: FencingToken): Snapshot<S> {
  return { state: empty, version, log: NO_WRITES };
}

/**
 * Reads an object.
 *
 * @throws {RecordError} naming it and the field that cannot be understood
 */
export function parseObject<S>(
  definition: RecordDefinition<S>,
  object: ConfigMapJson,
): Snapshot<S> {
  const { metadata = {}, data = {} } = object;
  const cannot = `Cannot read ${definition.kind} "${definition.name}" of ConfigMap ` +
    `"${metadata.namespace}/${metadata.name}"`;
  const version = Number(metadata.resourceVersion || NaN);
  if (!Number.isSafeInteger(version)) {
    throw new RecordError(
      `${cannot}: its resourceVersion is "${metadata.resourceVersion}", allowed is an integer`,
    );
  }
  const log = parseLog(data[WRITES_KEY]);
  if (metadata.labels?.[PRIMITIVE_LABEL] !== definition.kind || log === undefined) {
    throw new RecordError(
      `${cannot}: it is not of a ${definition.kind}; choose another name or delete it`,
    );
  }
  let raw: unknown;
  try {
    raw = JSON.parse(data[STATE_KEY] ?? "");
  } catch (cause) {
    throw new RecordError(`${cannot}: "${STATE_KEY}" is not JSON`, { cause });
  }
  const parsed = definition.schema.safeParse(raw);
  if (!parsed.success) {
    const why = complaints(definition.schema, raw, parsed.error).map(complaintText).join("; ");
    throw new RecordError(`${cannot}: ${why}`);
  }
  return { state: parsed.data, version, log, object };
}

/**
 * The object to write in place of what was read.
 *
 * @throws {RangeError} when it would be too large
 */
export function objectToWrite<S>(
  definition: RecordDefinition<S>,
  { namespace, base, state, log }: {
    namespace: string;
    base: Snapshot<S>;
    state: S;
    log: WriteLog;
  },
): ConfigMapJson {
  const text = JSON.stringify(state);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_BYTES) {
    throw new RangeError(
      `Cannot write ${definition.kind} "${definition.name}": it would take ${bytes} bytes, ` +
        `allowed are ${MAX_BYTES}`,
    );
  }
  const { metadata, data, ...rest } = base.object ?? {};
  return {
    ...rest,
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...metadata,
      name: objectName(definition),
      namespace,
      labels: {
        ...metadata?.labels,
        ...definition.labels,
        "app.kubernetes.io/managed-by": "troupe",
        [PRIMITIVE_LABEL]: definition.kind,
      },
    },
    data: { ...data, [STATE_KEY]: text, [WRITES_KEY]: formatLog(log) },
  };
}
