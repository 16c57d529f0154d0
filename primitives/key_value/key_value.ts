import { z } from "zod";
import { checkOptions, dnsLabel } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import { bounded } from "../waiting.ts";
import { type Write, writeOf } from "./apply.ts";
import { Bucket } from "./bucket.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { checkKey, type Entry, isDeletion, isUserKey } from "./entry.ts";
import {
  type ChangeOptions,
  checkCallOptions,
  type CheckedOptions,
  type KeyChangeOptions,
  type PutOptions,
  type ReadOptions,
  type UpdateOptions,
  type WatchOptions,
} from "./key_value_options.ts";
import { type Transaction, ViewTransaction } from "./transaction.ts";
import { ValueCodec } from "./value_codec.ts";
import { VersionMismatchError } from "./version_mismatch_error.ts";
import type { View } from "./view.ts";

/** The name stands in a label. */
const NAME = z.strictObject({ name: dnsLabel(63) });

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

/** See the module's text. */
export class KeyValue<Out, In = Out> {
  /** The name of the bucket. */
  readonly name: string;
  readonly #bucket: Bucket;
  readonly #codec: ValueCodec<Out, In>;
  readonly #context: PrimitiveContext;

  /** Made by `primitives.keyValue()`. */
  constructor(context: PrimitiveContext, name: string, schema: z.ZodType<Out, In>) {
    checkOptions(NAME, { name }, { purpose: "Cannot use a bucket" });
    this.name = name;
    this.#context = context;
    this.#bucket = new Bucket(context, name);
    this.#codec = new ValueCodec(name, schema);
  }

  /**
   * The value of a key; nothing if there is none.
   *
   * @throws {RecordError} when what is stored does not fit the schema
   */
  async get(key: string, options?: ReadOptions): Promise<Out | undefined> {
    return (await this.entry(key, options))?.value;
  }

  /** The value of a key and its version; nothing if there is none. */
  async entry(key: string, options?: ReadOptions): Promise<KeyValueEntry<Out> | undefined> {
    const doing = `get ${JSON.stringify(key)} of bucket "${this.name}"`;
    checkKey(key, { cannot: `Cannot ${doing}` });
    const found = await this.#look(doing, options, (view) => view.get(key));
    return found && this.#decoded(found);
  }

  /** All keys that begin so, in their order (by UTF-16 code units), as they are at one moment. */
  async list(prefix = "", options?: ReadOptions): Promise<KeyValueEntry<Out>[]> {
    const found = await this.#look(
      `list keys of bucket "${this.name}"`,
      options,
      (view) => view.list(prefix),
    );
    return found.filter(([key]) => isUserKey(key)).map((entry) => this.#decoded(entry));
  }

  /**
   * Sets a key. Resolves with its version.
   *
   * @throws {TypeError} when the value does not fit the schema
   * @throws {RangeError} when it is too large, or the bucket is full; nothing is written
   * @throws {StaleTokenError} when somebody has written with a higher token
   * @throws {VersionMismatchError} when the key has not the version `ifVersion`
   */
  async put(key: string, value: In, options?: PutOptions): Promise<number> {
    const doing = `put ${JSON.stringify(key)} into bucket "${this.name}"`;
    const cannot = `Cannot ${doing}`;
    checkKey(key, { cannot });
    const write = writeOf(key, this.#codec.encode(key, value, { ttl: options?.ttl }));
    return await this.#change(doing, options, (view, { ifVersion }) => {
      checkVersion(view, key, { ifVersion, cannot });
      return { writes: [write], result: undefined };
    }, (_, entries) => entries.find((entry) => entry[0] === key)![1]);
  }

  /** Deletes a key. Resolves with whether it was there. Errors are as those of `put`. */
  async delete(key: string, options?: KeyChangeOptions): Promise<boolean> {
    const doing = `delete ${JSON.stringify(key)} of bucket "${this.name}"`;
    const cannot = `Cannot ${doing}`;
    checkKey(key, { cannot });
    const writes: Write[] = [writeOf(key)];
    return await this.#change(doing, options, (view, { ifVersion }) => {
      checkVersion(view, key, { ifVersion, cannot });
      return { writes, result: undefined };
    }, (_, entries) => entries.some((entry) => entry[0] === key));
  }

  /**
   * Changes a key to what `change` makes of its value, which is nothing if it is not there. If that returns
   * nothing it stays as it is. It may be called again, so it must only look at what it is given. Who wants to
   * delete by what there is uses `txn`. Resolves with the value as it is then.
   */
  async update(
    key: string,
    change: (value: Out | undefined) => In | undefined,
    options?: UpdateOptions,
  ): Promise<Out | undefined> {
    return await this.txn((t) => {
      const next = change(t.get(key));
      if (next !== undefined) t.put(key, next, { ttl: options?.ttl });
      return t.get(key);
    }, options);
  }

  /**
   * Reads and changes any keys of the bucket at one moment, all or nothing. `work` is synchronous; it may be
   * called again, so it must only look at what it is given. If it throws, nothing is written. Resolves with
   * what it returned.
   */
  async txn<T>(work: (t: Transaction<Out, In>) => T, options?: ChangeOptions): Promise<T> {
    return await this.#change(
      `change bucket "${this.name}"`,
      options,
      (view) => new ViewTransaction<Out, In>(view, this.#codec, this.name).run(work),
      (result) => result,
    );
  }

  /**
   * What becomes of the keys that begin so: a snapshot, then each change. It ends when the signal aborts,
   * and when the loop over it is left.
   *
   * @throws the reason of the end, when the primitives are closed
   */
  async *watch(
    prefix = "",
    options: WatchOptions = {},
  ): AsyncGenerator<KeyValueEvent<Out>, void, void> {
    const { signal } = checkCallOptions(options, { cannot: `Cannot watch bucket "${this.name}"` });
    const life = this.#context.signal;
    const ended = signal ? AbortSignal.any([life, signal]) : life;
    const watch = new BucketWatch(this.#bucket, prefix, ended);
    try {
      let isFirst = true;
      for await (const entries of watch) {
        yield* isFirst ? this.#snapshot(entries) : entries.map((entry) => this.#event(entry));
        isFirst = false;
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  #snapshot(entries: readonly Entry[]): KeyValueEvent<Out>[] {
    const events = entries.map((entry) => this.#event(entry));
    const puts = events.filter((event) => event.type === "put");
    const valid = puts.map(({ key, value, version }) => ({ key, value, version }));
    const invalid = events.filter((event) => event.type === "invalid");
    return [{ type: "snapshot", entries: valid }, ...invalid];
  }

  #event(entry: Entry): KeyValueEvent<Out> {
    const [key, version] = entry;
    if (isDeletion(entry)) return { type: "delete", key, version };
    try {
      return { type: "put", ...this.#decoded(entry) };
    } catch (error) {
      return { type: "invalid", key, version, error: error as Error };
    }
  }

  #decoded(entry: Entry): KeyValueEntry<Out> {
    return { key: entry[0], value: this.#codec.decode(entry), version: entry[1] };
  }

  async #look<T>(
    doing: string,
    options: ReadOptions | undefined,
    how: (view: View) => T,
  ): Promise<T> {
    const { cached, ...wait } = checkCallOptions(options, { cannot: `Cannot ${doing}` });
    return await this.#bounded(doing, wait, async (signal) => {
      return (await this.#bucket.look(how, { signal, cached })).found;
    });
  }

  async #change<T, R>(
    doing: string,
    options: PutOptions | undefined,
    decide: (view: View, options: CheckedOptions) => { writes: Write[]; result: T },
    outcome: (result: T, entries: readonly Entry[]) => R,
  ): Promise<R> {
    const checked = checkCallOptions(options, { cannot: `Cannot ${doing}` });
    return await this.#bounded(doing, checked, async (signal) => {
      const { fence } = checked;
      const commit = await this.#bucket.commit((view) => decide(view, checked), { signal, fence });
      return outcome(commit.result, commit.entries);
    });
  }

  async #bounded<T>(
    doing: string,
    { signal, timeout }: CheckedOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, signal: life } = this.#context;
    return await bounded({ signal, timeout, clock, doing, life }, work);
  }
}

/** @throws {VersionMismatchError} when the key has another version than that */
function checkVersion(
  view: View,
  key: string,
  { ifVersion, cannot }: { ifVersion?: number; cannot: string },
): void {
  if (ifVersion === undefined) return;
  const version = view.get(key)?.[1] ?? 0;
  if (version === ifVersion) return;
  throw new VersionMismatchError(
    `${cannot}: its version is ${version}, and it was to be ${ifVersion}`,
    { key, version },
  );
}
