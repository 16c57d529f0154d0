import { quote } from "../../runtime/mod.ts";
import { type Write, writeOf } from "./apply.ts";
import { checkKey, type Entry, isUserKey } from "./entry.ts";
import { checkCallOptions, type ValueOptions } from "./key_value_options.ts";
import type { ValueCodec } from "./value_codec.ts";
import { MissingLeaves, type View } from "./view.ts";

/** The keys of a bucket as they are at one moment, and what is to become of them. */
export interface Transaction<Out, In> {
  /** The value of a key, as this transaction has made it; nothing if there is none. */
  get(key: string): Out | undefined;
  /** All keys that begin so, in their order, with their values. */
  list(prefix?: string): [key: string, value: Out][];
  /**
   * Sets a key.
   *
   * @throws {TypeError} when the value does not fit the schema
   * @throws {RangeError} when it is too large
   */
  put(key: string, value: In, options?: ValueOptions): void;
  /** Deletes a key; returns whether it was there. */
  delete(key: string): boolean;
}

/** A transaction on a view. */
export class ViewTransaction<Out, In> implements Transaction<Out, In> {
  readonly #view: View;
  readonly #codec: ValueCodec<Out, In>;
  readonly #bucket: string;
  readonly #writes = new Map<string, Write>();
  #missing: MissingLeaves | undefined;
  #over = false;

  constructor(view: View, codec: ValueCodec<Out, In>, bucket: string) {
    this.#view = view;
    this.#codec = codec;
    this.#bucket = bucket;
  }

  get(key: string): Out | undefined {
    this.#check(key, "get");
    const entry = this.#entry(key);
    return entry && this.#codec.decode(entry);
  }

  list(prefix = ""): [key: string, value: Out][] {
    this.#check(undefined, "list");
    const found = new Map(this.#look(() => this.#view.list(prefix)).map((it) => [it[0], it]));
    for (const key of this.#writes.keys()) {
      const entry = key.startsWith(prefix) ? this.#entry(key) : undefined;
      if (entry) found.set(key, entry);
      else found.delete(key);
    }
    return [...found.keys()].filter(isUserKey).sort().map((
      key,
    ) => [key, this.#codec.decode(found.get(key)!)]);
  }

  put(key: string, value: In, options?: ValueOptions): void {
    this.#check(key, "put");
    checkCallOptions(options, { cannot: `Cannot put ${quote(key)} into bucket "${this.#bucket}"` });
    this.#writes.set(key, writeOf(key, this.#codec.encode(key, value, options)));
  }

  delete(key: string): boolean {
    this.#check(key, "delete");
    const wasThere = this.#entry(key) !== undefined;
    this.#writes.set(key, writeOf(key));
    return wasThere;
  }

  /** Runs what the user wants done. */
  run<T>(work: (t: Transaction<Out, In>) => T): { writes: Write[]; result: T } {
    try {
      const result = work(this);
      if (this.#missing) throw this.#missing; // which the user's code may have caught
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new TypeError(
          `Cannot change bucket "${this.#bucket}": the function returned a promise, allowed is a synchronous one`,
        );
      }
      return { writes: [...this.#writes.values()], result };
    } catch (error) {
      throw this.#missing ?? error;
    } finally {
      this.#over = true;
    }
  }

  #entry(key: string): Entry | undefined {
    const write = this.#writes.get(key);
    if (!write) return this.#look(() => this.#view.get(key));
    return write.stored && [key, 0, ...write.stored];
  }

  #look<T>(how: () => T): T {
    try {
      return how();
    } catch (error) {
      if (error instanceof MissingLeaves) this.#missing = error;
      throw error;
    }
  }

  #check(key: string | undefined, verb: string): void {
    const cannot = `Cannot ${verb} ${
      key === undefined ? "keys" : quote(key)
    } of bucket "${this.#bucket}"`;
    if (this.#over) throw new Error(`${cannot}: the transaction is over`);
    if (key !== undefined) checkKey(key, { cannot });
  }
}
