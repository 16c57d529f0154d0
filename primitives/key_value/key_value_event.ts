/** What reads and watches of a bucket give. */
import { type Entry, isDeletion } from "./entry.ts";
import type { ValueCodec } from "./value_codec.ts";

/** A key, and what it has. */
export interface KeyValueEntry<V> {
  /** The key. */
  readonly key: string;
  /** Its value. */
  readonly value: V;
  /** Grows with each change of the bucket; for `ifVersion`. */
  readonly version: number;
}

/** What a watch tells. */
export type KeyValueEvent<V> =
  /** All there is, in the order of the keys; it comes first, and once. */
  | { readonly type: "snapshot"; readonly entries: readonly KeyValueEntry<V>[] }
  /** A key has a new value. */
  | ({ readonly type: "put" } & KeyValueEntry<V>)
  /** A key was deleted. */
  | { readonly type: "delete"; readonly key: string; readonly version: number }
  /** What a key has does not fit the schema. */
  | {
    readonly type: "invalid";
    readonly key: string;
    readonly version: number;
    readonly error: Error;
  };

/** How the values of a bucket are read. */
type Decoder<V> = Pick<ValueCodec<V, never>, "decode">;

/**
 * An entry that is no deletion, with its value.
 *
 * @throws {RecordError} when that does not fit the schema
 */
export function decoded<V>(entry: Entry, codec: Decoder<V>): KeyValueEntry<V> {
  return { key: entry[0], value: codec.decode(entry), version: entry[1] };
}

/** What a watch tells of changes. */
export function changesOf<V>(entries: readonly Entry[], codec: Decoder<V>): KeyValueEvent<V>[] {
  return entries.map((entry) => {
    const [key, version] = entry;
    if (isDeletion(entry)) return { type: "delete", key, version };
    try {
      return { type: "put", ...decoded(entry, codec) };
    } catch (error) {
      return { type: "invalid", key, version, error: error as Error };
    }
  });
}

/** What a watch tells first; what does not fit the schema comes behind it. */
export function snapshotOf<V>(entries: readonly Entry[], codec: Decoder<V>): KeyValueEvent<V>[] {
  const events = changesOf(entries, codec);
  const valid = events.filter((event) => event.type === "put")
    .map(({ key, value, version }) => ({ key, value, version }));
  const invalid = events.filter((event) => event.type === "invalid");
  return [{ type: "snapshot", entries: valid }, ...invalid];
}
