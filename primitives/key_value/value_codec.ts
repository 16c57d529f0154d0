/** Values between the program, which has them as its schema says, and what is stored. */
import { Buffer } from "node:buffer";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { z } from "zod";
import { complaints, complaintText, quote } from "../../runtime/mod.ts";
import { RecordError } from "../record/mod.ts";
import type { Entry, Stored } from "./entry.ts";
import { bytesOf, COMPRESS_FROM_BYTES, MAX_VALUE_BYTES } from "./limits.ts";

/** Makes the values of one bucket. */
export class ValueCodec<Out, In> {
  readonly #bucket: string;
  readonly #schema: z.ZodType<Out, In>;

  constructor(bucket: string, schema: z.ZodType<Out, In>) {
    this.#bucket = bucket;
    this.#schema = schema;
  }

  /**
   * What is stored of a value. It is checked as it will be read: after JSON.
   *
   * @throws {TypeError} when it does not fit the schema, or is no JSON
   * @throws {RangeError} when it is too large
   */
  encode(key: string, value: In, { ttl }: { ttl?: number } = {}): Stored {
    const cannot = `Cannot put ${quote(key)} into bucket "${this.#bucket}"`;
    const text = textOf(value, cannot);
    const data: unknown = JSON.parse(text);
    const parsed = this.#schema.safeParse(data);
    if (!parsed.success) {
      const why = complaints(this.#schema, data, parsed.error).map(complaintText).join("; ");
      throw new TypeError(`${cannot}: ${why}`);
    }
    const stored = compressed(text) ?? [data];
    const bytes = bytesOf(JSON.stringify(stored[0]));
    if (bytes > MAX_VALUE_BYTES) {
      throw new RangeError(
        `${cannot}: it would take ${bytes} bytes, allowed are ${MAX_VALUE_BYTES}`,
      );
    }
    return ttl === undefined ? stored : [stored[0], { ...stored[1], ttl }];
  }

  /**
   * The value of an entry that is no deletion. It is made anew for each caller.
   *
   * @throws {RecordError} when it does not fit the schema
   */
  decode([key, , data, more]: Entry): Out {
    const cannot = `Cannot read ${quote(key)} of bucket "${this.#bucket}"`;
    let value: unknown;
    try {
      value = more?.z ? JSON.parse(inflated(data)) : structuredClone(data);
    } catch (cause) {
      throw new RecordError(`${cannot}: what is stored cannot be unpacked`, { cause });
    }
    const parsed = this.#schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const why = complaints(this.#schema, value, parsed.error).map(complaintText).join("; ");
    throw new RecordError(`${cannot}: ${why}`);
  }
}

function textOf(value: unknown, cannot: string): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (text === undefined) {
    throw new TypeError(`${cannot}: given a value that is no JSON`, { cause });
  }
  return text;
}

/** Nothing if that would not save space. It is synchronous, because a transaction is. */
function compressed(text: string): Stored | undefined {
  if (bytesOf(text) < COMPRESS_FROM_BYTES) return undefined;
  const packed = deflateRawSync(text).toString("base64");
  return packed.length < bytesOf(text) ? [packed, { z: 1 }] : undefined;
}

function inflated(data: unknown): string {
  return inflateRawSync(Buffer.from(data as string, "base64")).toString();
}
