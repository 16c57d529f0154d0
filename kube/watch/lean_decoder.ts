import type { JSONObject } from "@cloudydeno/kubernetes-client";
import type { Decoded, Entry, EventDecoder } from "./event_decoder.ts";
import { findManagedFields } from "./managed_fields.ts";
import { eventOf, identify, type Identity, pageOf } from "./raw_event.ts";
import type { KubeObject, ResourceKind } from "./resource_kind.ts";

/**
 * Keeps of each object its JSON as one flat string, without managedFields, and decodes it
 * again when it is read. A string is half the size of the parsed object, and the garbage
 * collector copies it as a whole; what was read stays decoded until memory is needed.
 */
export function leanDecoder<T extends KubeObject>(kind: ResourceKind<T>): EventDecoder<T> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let scratch = new Uint8Array(16_384);

  /** The line as text, without managedFields if they are found. */
  function textOf(line: Uint8Array): string {
    const range = findManagedFields(line);
    if (!range) return utf8.decode(line);
    if (scratch.length < line.length) scratch = new Uint8Array(line.length * 2);
    scratch.set(line.subarray(0, range.start));
    scratch.set(line.subarray(range.end), range.start);
    const length = line.length - (range.end - range.start);
    return utf8.decode(scratch.subarray(0, length)); // joining two strings would keep both
  }

  function decode(raw: JSONObject, text?: string): Decoded<T> {
    const overlooked = (raw.metadata as JSONObject | undefined)?.managedFields !== undefined;
    const identity = identify(raw);
    const kept = text === undefined || overlooked ? JSON.stringify({ object: raw }) : text;
    return { entry: new LeanEntry(identity, kept, kind), object: kind.decode(raw) };
  }

  return {
    event(line) {
      const text = textOf(line);
      return eventOf(JSON.parse(text), (raw) => decode(raw, text));
    },
    page: (body) => pageOf(JSON.parse(utf8.decode(body)), (raw) => decode(raw)),
  };
}

/** An object as text. */
class LeanEntry<T extends KubeObject> implements Entry<T> {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** JSON with the object under `object`. */
  readonly #text: string;
  readonly #kind: ResourceKind<T>;
  #decoded: WeakRef<T> | undefined;

  constructor(identity: Identity, text: string, kind: ResourceKind<T>) {
    this.key = identity.key;
    this.uid = identity.uid;
    this.resourceVersion = identity.resourceVersion;
    this.#text = text;
    this.#kind = kind;
  }

  get object(): T {
    const known = this.#decoded?.deref();
    if (known) return known;
    const object = this.#kind.decode(JSON.parse(this.#text).object);
    this.#decoded = new WeakRef(object);
    return object;
  }
}
