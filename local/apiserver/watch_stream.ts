/**
 * One watch: from the store's writes to the bytes of a response.
 *
 * Frames go straight to the response while the client reads; while it does not they wait here, by
 * reference, and leave together in chunks. A client that lets too much wait is cut: it resumes
 * from its last resourceVersion, as after any lost connection. Ends by the client's leaving, its
 * timeout, its slowness, or the server's close.
 */
import { type Backend, viewOf } from "./backend.ts";
import { expired } from "./errors.ts";
import type { HistoryEvent } from "./history.ts";
import type { KindInfo } from "./kinds.ts";
import type { JsonObject } from "./object.ts";
import type { ReadOptions } from "./options.ts";
import type { Selector } from "./selectors.ts";
import { concat, encodeFrame, type EventType, Stored, withVersion } from "./stored.ts";

/** Bytes joined into one write to the connection. */
const CHUNK_BYTES = 128 * 1024;
/** The real server ends watches after a random time of 30 to 60 minutes. */
const MIN_TIMEOUT_SECONDS = 1800;

/** Makes the frames that a client gets. */
export interface FrameEncoder {
  event(type: EventType, stored: Stored): Uint8Array;
  bookmark(metadata: JsonObject): Uint8Array;
}

/** What is watched. */
export interface WatchInput {
  readonly namespace?: string;
  readonly selector: Selector;
  readonly options: ReadOptions;
  readonly encoder: FrameEncoder;
}

/** A running watch. */
export class WatchStream {
  /** The response's body. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #backend: Backend;
  readonly #kind: KindInfo;
  readonly #input: WatchInput;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #allowedBytes = Infinity;
  #stop: (() => void)[] = [];
  #closed = false;

  constructor(backend: Backend, kind: KindInfo, input: WatchInput) {
    this.#backend = backend;
    this.#kind = kind;
    this.#input = input;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#flush(),
      cancel: () => this.#end(),
    });
    this.#start();
  }

  /** Tells the client how far it has got and that all is well, if it asked to be told. */
  bookmark(): void {
    if (this.#input.options.bookmarks) {
      this.#send(this.#bookmarkFrame(this.#backend.store.revision));
    }
  }

  /** Ends the stream in an orderly way; what waits is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    try {
      this.#controller.close();
    } catch {
      // The client left at the same moment.
    }
  }

  #start(): void {
    const { store, watches } = this.#backend;
    const { options } = this.#input;
    const collection = store.collection(this.#kind.storage);
    const asked = options.resourceVersion ?? 0;
    const initial = options.sendInitialEvents ?? asked === 0;
    if (!initial && asked > 0 && asked < collection.history.compacted) {
      const error = expired(
        `too old resource version: ${asked} (${collection.history.compacted})`,
      );
      this.#send(encodeFrame("ERROR", error.status));
      this.close();
      return;
    }
    if (initial) this.#sendInitial();
    else if (asked > 0) {
      for (const event of collection.history.since(asked)) {
        this.#deliver(event);
      }
    }
    this.#allowedBytes = this.#waitingBytes + this.#backend.watchBuffer;
    if (options.sendInitialEvents && options.bookmarks) {
      this.#send(this.#bookmarkFrame(store.revision, { "k8s.io/initial-events-end": "true" }));
    }

    watches.add(this);
    this.#stop.push(() => watches.delete(this));
    this.#stop.push(store.listen(this.#kind.storage, (event) => this.#deliver(event)));
    const timeout = options.timeoutSeconds || MIN_TIMEOUT_SECONDS * (1 + Math.random());
    const timer = setTimeout(() => {
      this.bookmark();
      this.#finish();
    }, timeout * 1000);
    this.#stop.push(() => clearTimeout(timer));
  }

  #sendInitial(): void {
    const { namespace, selector, encoder } = this.#input;
    const collection = this.#backend.store.collection(this.#kind.storage);
    const only = namespace ?? selector.namespace;
    for (const stored of collection.range(only === undefined ? {} : { namespace: only })) {
      if (selector.everything || selector.matches(stored.object)) {
        this.#send(encoder.event("ADDED", stored));
      }
    }
  }

  /** An object that starts or stops matching the selector is told as added or deleted. */
  #deliver(event: HistoryEvent): void {
    const { namespace, selector, encoder } = this.#input;
    const { stored, previous } = event;
    if (namespace !== undefined && stored.namespace !== namespace) return;
    if (selector.everything) return this.#send(encoder.event(event.type, stored));
    const matched = previous !== undefined && selector.matches(previous.object);
    const matches = event.type !== "DELETED" && selector.matches(stored.object);
    if (matches) this.#send(encoder.event(matched ? "MODIFIED" : "ADDED", stored));
    else if (matched) {
      this.#send(
        encoder.event("DELETED", event.type === "DELETED" ? stored : gone(previous, event)),
      );
    }
  }

  #bookmarkFrame(revision: number, annotations?: Record<string, string>): Uint8Array {
    const resourceVersion = String(revision);
    return this.#input.encoder.bookmark({
      resourceVersion,
      ...(annotations ? { annotations } : {}),
    });
  }

  #send(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && (this.#controller.desiredSize ?? 0) > 0) {
      this.#controller.enqueue(frame);
      return;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > this.#allowedBytes) this.close();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && bytes < CHUNK_BYTES) {
      bytes += (this.#waiting[count++] as Uint8Array).length;
    }
    const parts = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    this.#controller.enqueue(parts.length === 1 ? parts[0] as Uint8Array : concat(parts));
  }

  /** Ends after what waits has been handed over. */
  #finish(): void {
    if (this.#closed) return;
    if (this.#waiting.length > 0) {
      this.#controller.enqueue(concat(this.#waiting));
      this.#waiting = [];
    }
    this.close();
  }

  #end(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const stop of this.#stop.splice(0)) stop();
  }
}

/** The last state that matched, with the revision at which it stopped. */
function gone(previous: Stored, event: HistoryEvent): Stored {
  return new Stored(withVersion(previous.object, event.revision), event.revision, "DELETED");
}

/** Encodes whole objects, sharing their bytes. */
export function wholeObjects(kind: KindInfo): FrameEncoder {
  const view = viewOf(kind);
  const { kind: name, apiVersion } = kind;
  return {
    event: (type, stored) => stored.as(view).frame(type),
    bookmark: (metadata) => encodeFrame("BOOKMARK", { kind: name, apiVersion, metadata }),
  };
}
