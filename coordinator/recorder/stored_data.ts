import type { EntryData, ObjectRef } from "./entries.ts";

/** Characters of a text that are kept: a Kubernetes name has at most 253. */
export const MAX_TEXT = 256;

/** Bytes of an entry without its texts: its objects, their numbers and a place in the ring. */
const BASE_BYTES = 200;

/** Bytes of a text besides its characters: a pointer and the header of a string. */
const TEXT_BYTES = 24;

type FieldsOf<D> = D extends unknown ? Exclude<keyof D, "kind"> : never;

/** What is kept of each kind of entry, beside `object`: nothing else gets in, whatever was given. */
const FIELDS = {
  change: ["type", "resourceVersion", "uid", "replayed", "state", "reason"],
  decision: ["decision", "reason"],
  operation: ["operation", "outcome", "ms", "error"],
  handler: ["outcome", "ms", "error"],
  leadership: ["type", "token", "leader"],
  write: ["verb", "resource", "namespace", "name", "code", "ms", "error"],
} as const satisfies { [K in EntryData["kind"]]: FieldsOf<Extract<EntryData, { kind: K }>>[] };

const OBJECT_FIELDS = ["kind", "namespace", "name"] as const satisfies (keyof ObjectRef)[];

/** What is kept of an entry. */
export interface StoredData {
  /** A copy of the known fields, long texts cut. */
  readonly data: EntryData;
  /** How many bytes the entry takes, estimated: engines need one or two for a character, this counts two. */
  readonly bytes: number;
}

/** Copies what may be kept of `given`. */
export function storedData(given: EntryData): StoredData {
  const copy: Record<string, unknown> = { kind: given.kind };
  let bytes = BASE_BYTES;
  if ("object" in given && given.object !== undefined) {
    const object: Record<string, unknown> = {};
    bytes += copyFields(given.object, object, OBJECT_FIELDS);
    copy.object = object;
  }
  bytes += copyFields(given, copy, FIELDS[given.kind]);
  return { data: copy as unknown as EntryData, bytes };
}

/** Copies plain values; returns how many bytes their texts take. */
function copyFields(from: object, to: Record<string, unknown>, names: readonly string[]): number {
  let bytes = 0;
  for (const name of names) {
    const value = (from as Record<string, unknown>)[name];
    if (value === undefined || typeof value === "object") continue;
    const kept = typeof value === "string" ? cut(value) : value;
    if (typeof kept === "string") bytes += TEXT_BYTES + 2 * kept.length;
    to[name] = kept;
  }
  return bytes;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
