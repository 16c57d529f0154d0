import type { z } from "zod";
import { complaints, complaintText } from "../../runtime/mod.ts";
import { RecordError } from "../record/mod.ts";

/** Half of what an object can hold: all who wait are sent it. */
const MAX_RESULT_BYTES = 512 * 1024;

/** As it stands in the record; the value is missing where it is `undefined`. */
export interface StoredResult {
  readonly value?: unknown;
}

/** What the results of a `Once` are in the program, and in the record. */
export class OnceResults<Out, In> {
  readonly #name: string;
  readonly #schema: z.ZodType<Out, In>;

  /** Of the `Once` of that name, by the schema that results must fit. */
  constructor(name: string, schema: z.ZodType<Out, In>) {
    this.#name = name;
    this.#schema = schema;
  }

  /**
   * The result as it is stored.
   *
   * @throws {RangeError} when it takes more than 512 KiB
   * @throws {TypeError} when the schema does not take it back from JSON
   */
  toStored(value: In): StoredResult {
    const cannot = `Cannot complete once "${this.#name}"`;
    const text = JSON.stringify(value) as string | undefined;
    const bytes = new TextEncoder().encode(text ?? "").length;
    if (bytes > MAX_RESULT_BYTES) {
      throw new RangeError(
        `${cannot}: its result takes ${bytes} bytes, allowed are ${MAX_RESULT_BYTES}`,
      );
    }
    const result = text === undefined ? {} : { value: JSON.parse(text) };
    const told = this.#complaints(result);
    if (told) throw new TypeError(`${cannot}: its result ${told}`);
    return result;
  }

  /**
   * What the schema reads from it.
   *
   * @throws {RecordError} when the schema refuses it
   */
  parse(result: StoredResult): Out {
    const parsed = this.#schema.safeParse(result.value);
    if (parsed.success) return parsed.data;
    throw new RecordError(
      `Cannot read the result of once "${this.#name}": ${this.#complaints(result)}`,
    );
  }

  #complaints({ value }: StoredResult): string | undefined {
    const parsed = this.#schema.safeParse(value);
    if (parsed.success) return undefined;
    return complaints(this.#schema, value, parsed.error).map(complaintText).join("; ");
  }
}
