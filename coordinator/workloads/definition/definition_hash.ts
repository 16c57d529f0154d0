import { createHash } from "node:crypto";
import { ANNOTATIONS } from "../../labels.ts";
import { type Head, HEAD_KINDS } from "../../heads.ts";

/** As many hexadecimal digits tell definitions of one workload apart for good. */
const LENGTH = 16;

/** Annotations that are no part of a definition. */
const LEFT_OUT: readonly string[] = [ANNOTATIONS.definition];

/**
 * A hash of a head that is the same wherever and however often it is computed: SHA-256 of its JSON
 * with sorted keys, without what only says who applied it and to which object.
 */
export function definitionHash(head: Head): string {
  const { uid: _, resourceVersion: __, annotations = {}, ...metadata } = head.metadata ?? {};
  const own = Object.entries(annotations ?? {}).filter(([key]) => !LEFT_OUT.includes(key));
  const json = HEAD_KINDS[head.kind].encode({
    ...head,
    metadata: { ...metadata, ...(own.length > 0 && { annotations: Object.fromEntries(own) }) },
  });
  return createHash("sha256").update(canonicalJson(json)).digest("hex").slice(0, LENGTH);
}

/** JSON in which keys are sorted and nothing stands for what is not there. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, item]) => item != null)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${entries.join(",")}}`;
}
