/**
 * One revision of one object, and its bytes on the wire.
 *
 * The bytes are made at most once per revision, as a whole watch frame
 * `{"type":"MODIFIED","object":{…}}\n`; a GET answers the part inside it, a LIST the part inside
 * that without kind and apiVersion, and all watchers share the frame itself.
 */
import type { ApiObject } from "./object.ts";

/** What a watch says happened. */
export type EventType = "ADDED" | "MODIFIED" | "DELETED";

const ENCODER = new TextEncoder();
const FRAME_END = ENCODER.encode("}\n");
const FRAME_START: Record<EventType, Uint8Array> = {
  ADDED: ENCODER.encode('{"type":"ADDED","object":'),
  MODIFIED: ENCODER.encode('{"type":"MODIFIED","object":'),
  DELETED: ENCODER.encode('{"type":"DELETED","object":'),
};
const OPEN_BRACE = ENCODER.encode("{");

/** Makes another form of an object, such as events.k8s.io/v1 of a core event. */
export type View = (object: ApiObject) => ApiObject;

/** An immutable stored object. */
export class Stored {
  readonly object: ApiObject;
  readonly namespace: string;
  readonly name: string;
  /** The revision of the write that made this state. */
  readonly revision: number;
  readonly #type: EventType;
  #frame?: Uint8Array;
  #headLength = 0;
  #views?: Map<View, Stored>;

  constructor(object: ApiObject, revision: number, type: EventType) {
    this.object = object;
    this.namespace = object.metadata.namespace ?? "";
    this.name = object.metadata.name ?? "";
    this.revision = revision;
    this.#type = type;
  }

  /** The same revision in another form; made once. */
  as(view: View | undefined): Stored {
    if (!view) return this;
    this.#views ??= new Map();
    let made = this.#views.get(view);
    if (!made) {
      made = new Stored(view(this.object), this.revision, this.#type);
      this.#views.set(view, made);
    }
    return made;
  }

  /** A whole watch frame that tells of this state. */
  frame(type: EventType): Uint8Array {
    const own = this.#ownFrame();
    if (type === this.#type) return own;
    return concat([FRAME_START[type], this.bytes(), FRAME_END]);
  }

  /** The object as JSON. */
  bytes(): Uint8Array {
    const own = this.#ownFrame();
    return own.subarray(FRAME_START[this.#type].length, own.length - FRAME_END.length);
  }

  /** The object as an item of a list: without kind and apiVersion. */
  itemBytes(): readonly [Uint8Array, Uint8Array] {
    return [OPEN_BRACE, this.bytes().subarray(this.#headLength)];
  }

  /** Gives the bytes back when a newer state is there; they are made again if need be. */
  release(): void {
    this.#frame = undefined;
    this.#views = undefined;
  }

  #ownFrame(): Uint8Array {
    if (!this.#frame) {
      const { kind, apiVersion, ...rest } = this.object;
      const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
      const text = JSON.stringify(rest);
      this.#headLength = ENCODER.encode(head).length;
      const start = this.#type;
      this.#frame = ENCODER.encode(`{"type":"${start}","object":${head}${text.slice(1)}}\n`);
    }
    return this.#frame;
  }
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Encodes any value as JSON bytes. */
export function encodeJson(value: unknown): Uint8Array {
  return ENCODER.encode(JSON.stringify(value));
}

/** Encodes any object as a watch frame. */
export function encodeFrame(type: EventType | "BOOKMARK" | "ERROR", object: unknown): Uint8Array {
  return ENCODER.encode(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}

/** A copy of an object with another resourceVersion. */
export function withVersion(object: ApiObject, revision: number): ApiObject {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return { ...object, metadata };
}
