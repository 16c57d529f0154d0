/** A leaf: entries that never change, in the order of their keys, as one ConfigMap. */
import type { KubeObject } from "../../kube/mod.ts";
import { type ConfigMapJson, PRIMITIVE_LABEL } from "../record/record_object.ts";
import { RecordError } from "../record/mod.ts";
import { type Entry, isEntry } from "./entry.ts";
import type { Head } from "./head.ts";

/** The label of all objects of a bucket, by which they are found: its name. */
export const BUCKET_LABEL = "troupe.dev/bucket";

/** What a leaf has in the label that tells what an object is a part of. */
export const LEAF_KIND = "key-value-leaf";

/** Of the head that a leaf was made for: only while that is not merged again it may come to refer to it. */
const BASE_ANNOTATION = "troupe.dev/base";

const ENTRIES_KEY = "entries";

/** See the module's text. */
export class Leaf {
  readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /** The entry of a key, if it is here. */
  find(key: string): Entry | undefined {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]![0] < key) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low];
    return entry?.[0] === key ? entry : undefined;
  }
}

/** The object to create. */
export function leafObject(
  entries: readonly Entry[],
  { namespace, name, bucket, base }: {
    namespace: string;
    name: string;
    bucket: string;
    base: Pick<Head, "id" | "base">;
  },
): ConfigMapJson & KubeObject & { immutable: true } {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace,
      labels: {
        "app.kubernetes.io/managed-by": "troupe",
        [PRIMITIVE_LABEL]: LEAF_KIND,
        [BUCKET_LABEL]: bucket,
      },
      annotations: { [BASE_ANNOTATION]: `${base.id} ${base.base}` },
    },
    data: { [ENTRIES_KEY]: JSON.stringify(entries) },
    immutable: true,
  };
}

/**
 * Reads an object.
 *
 * @throws {RecordError} naming it when it is not a leaf
 */
export function parseLeaf({ metadata, data }: ConfigMapJson, bucket: string): Leaf {
  let entries: unknown;
  try {
    entries = JSON.parse(data?.[ENTRIES_KEY] ?? "");
  } catch { /* told below */ }
  if (Array.isArray(entries) && entries.every(isEntry)) return new Leaf(entries);
  throw new RecordError(
    `Cannot read bucket "${bucket}": ConfigMap "${metadata?.namespace}/${metadata?.name}" is not a part of one`,
  );
}

/** Whether a leaf that a head does not refer to never will be by a later one either. */
export function isAbandoned({ metadata }: ConfigMapJson, head: Head): boolean {
  const [id, base] = (metadata?.annotations?.[BASE_ANNOTATION] ?? "").split(" ");
  return id !== head.id || !(Number(base) >= head.base);
}
