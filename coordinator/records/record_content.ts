import type { ConfigMap } from "@cloudydeno/kubernetes-apis/core/v1";
import type { z } from "zod";
import { complaints, complaintText } from "../../runtime/mod.ts";
import { LABELS } from "../labels.ts";
import { RecordError } from "./record_error.ts";

/** The key under which a record's ConfigMap holds the value, as JSON. */
export const VALUE_KEY = "value.json";

/** What an object may take in etcd is 1.5 MiB, and a ConfigMap's data 1 MiB; the rest is for what surrounds it. */
const MAX_BYTES = 900 * 1024;

/** Which ConfigMap a record is. */
export interface RecordPlace {
  /** Its name. */
  readonly object: string;
  /** Its namespace. */
  readonly namespace: string;
  /** The coordinator's name. */
  readonly coordinator: string;
}

/**
 * What a record's ConfigMap says; `undefined` if it was only claimed so far.
 *
 * @throws {RecordError} when it is not the coordinator's, or is not what the schema says
 */
export function parseContent<T>(
  place: RecordPlace,
  schema: z.ZodType<T>,
  live: ConfigMap,
): T | undefined {
  const { coordinator } = place;
  const owner = live.metadata?.labels?.[LABELS.coordinator];
  if (owner !== coordinator) {
    const whose = owner === undefined ? "" : `, it is "${owner}"`;
    throw new RecordError(
      place,
      `its label "${LABELS.coordinator}" is not "${coordinator}"${whose}; somebody else has made it`,
    );
  }
  const text = live.data?.[VALUE_KEY];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RecordError(place, `"${VALUE_KEY}" is no JSON`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const told = complaints(schema, value, result.error).map(complaintText).join("; ");
  throw new RecordError(place, `"${VALUE_KEY}" is not as it was written: ${told}`);
}

/**
 * A value as text.
 *
 * @throws {RangeError} when it is too large to be stored
 */
export function textOf(place: RecordPlace, value: unknown): string {
  const text = JSON.stringify(value);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= MAX_BYTES) return text;
  throw new RangeError(
    `Cannot write ConfigMap "${place.object}" in namespace "${place.namespace}": ` +
      `it would have ${bytes} bytes, allowed are ${MAX_BYTES}`,
  );
}

/** The ConfigMap of a record that is not there yet; without a text it is only claimed. */
export function newContent(
  { object, namespace, coordinator }: RecordPlace,
  text?: string,
): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: object,
      namespace,
      labels: {
        [LABELS.managedBy]: "troupe",
        [LABELS.name]: coordinator,
        [LABELS.coordinator]: coordinator,
      },
    },
    data: text === undefined ? {} : { [VALUE_KEY]: text },
  };
}
