import { z } from "zod";
import { anySignal, checkOptions, dnsLabel, quote } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import { bounded } from "../waiting.ts";
import { type Write, writeOf } from "./apply.ts";
import { Bucket } from "./bucket.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { checkKey, type Entry, isUserKey } from "./entry.ts";
import {
  changesOf,
  decoded,
  type KeyValueEntry,
  type KeyValueEvent,
  snapshotOf,
} from "./key_value_event.ts";
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
import { checkVersion } from "./version_mismatch_error.ts";
import type { View } from "./view.ts";

/** The name stands in a label. */
const NAME = z.strictObject({ name: dnsLabel(63) });

/**
 * Keys and values that many processes share, in buckets, typed by a schema.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 * import { z } from "zod";
 *
 * await using primitives = await Primitives.create();
 * const carts = primitives.keyValue("carts", z.object({ items: z.array(z.string()) }));
 * await carts.put("42", { items: ["apple"] });
 * await carts.update("42", (cart) => ({ items: [...cart?.items ?? [], "pear"] }));
 * await carts.txn((t) => {
 *   t.put("43", t.get("42") ?? { items: [] });
 *   t.delete("42");
 * });
 * await using orders = await primitives.mutex("orders").acquire();
 * await carts.put("44", { items: [] }, { fence: orders, ttl: 60_000 });
 * for await (const event of carts.watch()) {
 *   if (event.type !== "snapshot") continue; // later each put and delete, in order
 *   console.log(event.entries.map(({ key, value }) => `${key}: ${value.items}`));
 *   break;
 * }
 * ```
 *
 * ## Flow
 *
 * A bucket is a head and leaves, which are ConfigMaps: `troupe-key-value-<name>`, and that with `.<id>`. The head has
 * the newest entries and the table of leaves; a change is one conditional write of it, so that any keys of
 * a bucket change together. What one process does while a write is under way is written together after it. A head
 * with more than 64 KiB of entries is merged in the background into new leaves of at most 512 KiB, which the
 * next write refers to; then the leaves that they replace are deleted. Leaves never change (they are `immutable`),
 * so each process reads one once.
 *
 * ## Guarantees
 *
 * - Reads and changes are linearizable, over all keys of the bucket: `list` is the bucket at one moment, and
 *   so is all that a `txn` sees and does. Each change that resolves has taken effect once, also if answers
 *   were lost. `cached` reads are of one moment too, an earlier one.
 * - A watch tells a snapshot and then each change, in the order in which they were made, deletions too, also
 *   when its connection was cut or the API server began anew. Some are merged, the last one of a key never:
 *   of changes that one process made of a key while another write of it was under way only the last one is
 *   told; after an interruption so long that the server cannot tell any more what was (410) the
 *   differences are told; and for who has left 10,000 changes waiting, the last one of each key.
 * - A change with a `fence` is refused with a `StaleTokenError` once one with a higher token of the same scope was made:
 *   both are decided by the same conditional write. The bucket remembers the highest token of each scope for
 *   good (some 60 bytes). Scopes do not touch each other; a bare token has that of the bucket.
 * - A value with a `ttl` lives at least so long, and as a rule a tenth of it (2 s at most) longer. Each process counts
 *   from when it has seen the value, by its own monotonic clock, and deletes it only if it is still that one.
 * - A process that dies at any moment leaves the bucket whole. What it had made of leaves is deleted later by
 *   another that merges.
 * - A value is checked by the schema when it is put, in the form in which it will be read: after JSON; and when it is
 *   read. One that does not fit is named by bucket, key and field; a watch tells it as `invalid`.
 *
 * ## Assumptions and caveats
 *
 * - A ttl needs somebody who has seen the value and lives. If all have gone it is counted anew when somebody reads the
 *   key; a process that watches the bucket sees all of it.
 * - Keys take 1 to 512 bytes, values up to 256 KiB as they are stored (from 1 KiB on they are compressed if that
 *   makes them smaller), the changes of a transaction 512 KiB together, a bucket 16 MiB. What is more is refused
 *   with a `RangeError` before anything is written; deletions make room again.
 * - `update` and `txn` call their function again when others have written meanwhile: it must only look at what it is
 *   given. It is synchronous. To delete by what there is, use `txn`.
 * - To write at random into a large bucket is to write it anew again and again: of one of n KiB about n / 64
 *   bytes for each that is put. A bucket is for state that is shared, megabytes of it, not for a database.
 * - Two objects of one process for the same bucket are to each other as two processes are. Keep one.
 * - Versions grow with each change. Who deletes a bucket (`kubectl delete configmap -l troupe.dev/bucket=<name>`, all of
 *   it) takes its fences too.
 * - A cluster that is restored from a backup has lower versions: open watches anew.
 * - Processes with different schemas for a bucket read each other's values by their own: let a new one accept
 *   what the former has written.
 *
 * ## Errors
 *
 * Requests that fail on their way are reported (`Primitives.onError`) and repeated until `signal` or `timeout`
 * ends that. `UnknownOutcomeError` says that a change was ended while nobody knew whether it had taken effect.
 * `VersionMismatchError` refuses a change on condition (`ifVersion`). `RecordError` names what is stored and cannot be
 * understood, and a leaf that somebody has deleted. Of `configmaps` it needs `create`, `get`, `list`, `watch`, `update`
 * and `delete`.
 *
 * ## Cost
 *
 * A change is one write of the head (64 KiB to 96 KiB at most, as a rule), as long as nobody else has written since; after
 * a conflict a read and a write more. A read is one request, shared by those who read at the same time; of a key in a
 * leaf that was not read yet one more. A watch is one list and one connection for all who watch in a process, and an
 * event of the head's size for each write. A merge makes at most 8 leaves, and deletes as many; a process that
 * merges lists the names of leaves once, and each 32 merges. Each process keeps the leaves that it has read in memory.
 *
 * `Primitives.keyValue` makes it.
 */
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
    const doing = `get ${quote(key)} of bucket "${this.name}"`;
    checkKey(key, { cannot: `Cannot ${doing}` });
    const found = await this.#look(doing, options, (view) => view.get(key));
    return found && decoded(found, this.#codec);
  }

  /** All keys that begin so, in their order (by UTF-16 code units), as they are at one moment. */
  async list(prefix = "", options?: ReadOptions): Promise<KeyValueEntry<Out>[]> {
    const found = await this.#look(
      `list keys of bucket "${this.name}"`,
      options,
      (view) => view.list(prefix),
    );
    return found.filter(([key]) => isUserKey(key)).map((entry) => decoded(entry, this.#codec));
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
    const doing = `put ${quote(key)} into bucket "${this.name}"`;
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
    const doing = `delete ${quote(key)} of bucket "${this.name}"`;
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
    const ended = signal ? anySignal([life, signal]) : life;
    const watch = new BucketWatch(this.#bucket, prefix, ended);
    try {
      let isFirst = true;
      for await (const entries of watch) {
        yield* isFirst ? snapshotOf(entries, this.#codec) : changesOf(entries, this.#codec);
        isFirst = false;
      }
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
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
