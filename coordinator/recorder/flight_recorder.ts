/**
 * The last things that happened in a coordinator, linked by cause.
 *
 * Whoever acts calls `record`, which stores the entry in a ring and returns its id. What runs inside
 * `within(id, …)`, however deep and after any `await`, and records something, records it as caused
 * by that entry. When the ring is full by number or by bytes the oldest entries go. Nothing waits
 * here and nothing is written anywhere; readers copy what there is when they ask.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Entry, EntryData, ObjectRef } from "./entries.ts";
import { errorText } from "./error_text.ts";
import { ndjson } from "./ndjson.ts";
import { storedData } from "./stored_data.ts";

/** Options of {@linkcode FlightRecorder}. */
export interface FlightRecorderOptions {
  /**
   * How many entries are kept.
   *
   * @default 10_000
   */
  entries?: number;
  /**
   * How many bytes they may take, estimated.
   *
   * @default 8 MiB
   */
  bytes?: number;
}

/** Options of {@linkcode FlightRecorder.record}. */
export interface RecordOptions {
  /**
   * The entry that led to this one.
   *
   * @default the one of the innermost `within`
   */
  cause?: number;
}

/** A quarter of an hour of a coordinator that has much to do. */
const MAX_ENTRIES = 10_000;

/** About 800 bytes for each of the 10,000. */
const MAX_BYTES = 8 * 1024 * 1024;

/** An entry as it is kept: what can be made of it is made when somebody reads it. */
interface Slot {
  readonly id: number;
  readonly at: number;
  readonly monotonic: number;
  readonly cause: number | undefined;
  readonly data: EntryData;
  readonly bytes: number;
}

/** See the module's text. */
export class FlightRecorder implements Iterable<Entry> {
  readonly #max: { readonly entries: number; readonly bytes: number };
  readonly #slots: (Slot | undefined)[];
  readonly #causes = new AsyncLocalStorage<number | undefined>();
  readonly #ids = new WeakMap<object, number>();
  #first = 1;
  #next = 1;
  #bytes = 0;

  /**
   * Nothing is recorded yet.
   *
   * @throws {RangeError} when a bound is not at least 1
   */
  constructor(options: FlightRecorderOptions = {}) {
    const { entries = MAX_ENTRIES, bytes = MAX_BYTES } = options;
    if (!(Number.isSafeInteger(entries) && entries >= 1 && bytes >= 1)) {
      throw new RangeError(
        `Cannot make a flight recorder: ${entries} entries of ${bytes} bytes, at least 1 is needed`,
      );
    }
    this.#max = { entries, bytes };
    this.#slots = new Array(entries);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** How many bytes they take, estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the last entry, and so how many there ever were; 0 before the first. */
  get lastId(): number {
    return this.#next - 1;
  }

  /** The entry on whose behalf the caller runs. */
  get cause(): number | undefined {
    return this.#causes.getStore();
  }

  /** Adds an entry; returns its id. Long texts are cut, unknown fields left out. */
  record(given: EntryData, options: RecordOptions = {}): number {
    const { cause = this.cause } = options;
    const id = this.#next++;
    const { data, bytes } = storedData(given);
    this.#bytes += bytes;
    while (this.#first < id && (this.#bytes > this.#max.bytes || this.size > this.#max.entries)) {
      this.#drop();
    }
    const monotonic = performance.now();
    this.#slots[id % this.#max.entries] = { id, at: Date.now(), monotonic, cause, data, bytes };
    return id;
  }

  /** Calls `fn`; what it records, also later, has entry `id` as its cause, or none. */
  within<R>(id: number | undefined, fn: () => R): R {
    return this.#causes.run(id, fn);
  }

  /**
   * Calls an operation, records when it begins and how it ends, and passes on what becomes of it.
   * What it records meanwhile has its beginning as its cause.
   */
  operation<R>(
    what: { readonly operation: string; readonly object?: ObjectRef },
    fn: () => R | Promise<R>,
  ): Promise<R> {
    const cause = this.record({ kind: "operation", ...what, outcome: "started" });
    return this.#timed(cause, fn, (ended) => ({ kind: "operation", ...what, ...ended }));
  }

  /**
   * Calls a handler of a change, records how it ended, and passes on what becomes of it. What it
   * records has the change as its cause: entry `cause`, if that is known.
   */
  handler<R>(
    what: { readonly object: ObjectRef; readonly cause: number | undefined },
    fn: () => R | Promise<R>,
  ): Promise<R> {
    const { object, cause } = what;
    return this.#timed(cause, fn, (ended) => ({ kind: "handler", object, ...ended }));
  }

  /** Notes which entry told an object, for as long as somebody has the object. */
  remember(object: object, id: number): void {
    this.#ids.set(object, id);
  }

  /** The entry that told this very object. */
  idOf(object: object): number | undefined {
    return this.#ids.get(object);
  }

  /** One entry, unless it is gone. */
  get(id: number): Entry | undefined {
    const slot = this.#slot(id);
    return slot && entryOf(slot);
  }

  /** The entries after entry `id`, the oldest first. */
  *since(id: number): IterableIterator<Entry> {
    const end = this.#next;
    for (let next = Math.max(id + 1, this.#first); next < end; next++) {
      const entry = this.get(next); // may have gone since the reader began
      if (entry !== undefined) yield entry;
    }
  }

  /** The entries that led to entry `id`, the first cause first, and itself; what is gone is not there. */
  chain(id: number): Entry[] {
    const chain: Entry[] = [];
    for (let next: number | undefined = id; next !== undefined;) {
      const entry = this.get(next);
      if (entry === undefined) break;
      chain.unshift(entry);
      next = entry.cause !== undefined && entry.cause < entry.id ? entry.cause : undefined;
    }
    return chain;
  }

  /** All entries, the oldest first. */
  [Symbol.iterator](): IterableIterator<Entry> {
    return this.since(0);
  }

  /** The entries after entry `since` as lines of JSON, the oldest first; they are made as they are read. */
  toNDJSON(options: { since?: number } = {}): ReadableStream<Uint8Array> {
    return ndjson(this.since(options.since ?? 0));
  }

  #slot(id: number): Slot | undefined {
    if (!(id >= this.#first && id < this.#next)) return undefined;
    return this.#slots[id % this.#max.entries];
  }

  #drop(): void {
    const index = this.#first++ % this.#max.entries;
    this.#bytes -= this.#slots[index]!.bytes;
    this.#slots[index] = undefined;
  }

  #timed<R>(
    cause: number | undefined,
    fn: () => R | Promise<R>,
    entry: (ended: { outcome: "ok" | "error"; ms: number; error?: string }) => EntryData,
  ): Promise<R> {
    return this.within(cause, async () => {
      const start = performance.now();
      const ms = () => Math.round((performance.now() - start) * 1000) / 1000;
      try {
        const result = await fn();
        this.record(entry({ outcome: "ok", ms: ms() }));
        return result;
      } catch (error) {
        this.record(entry({ outcome: "error", ms: ms(), error: errorText(error) }));
        throw error;
      }
    });
  }
}

function entryOf({ id, at, monotonic, cause, data }: Slot): Entry {
  return {
    id,
    time: new Date(at).toISOString(),
    monotonicMs: Math.round(monotonic * 1000) / 1000,
    ...(cause !== undefined && { cause }),
    ...data,
  };
}
