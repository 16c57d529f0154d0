import type { z } from "zod";

/**
 * A schema of zod 4: as much of its type as values need, so that the types of this package do not depend on
 * zod's.
 */
export interface ValueSchema<Out, In = Out> {
  /** What zod keeps about it: what it takes, and what comes out, as types. */
  readonly _zod: { readonly input: In; readonly output: Out };
  /** Checks a value and returns it as parsed, or the error as a result. */
  safeParse(value: unknown): { success: boolean; data?: Out; error?: Error };
}

/**
 * The schema, as zod knows it.
 *
 * @param cannot what cannot be done without one, for the message
 * @throws {TypeError} when it is none
 */
export function zodSchema<Out, In>(
  schema: ValueSchema<Out, In>,
  { cannot }: { cannot: string },
): z.ZodType<Out, In> {
  if (typeof schema?._zod === "object" && typeof schema.safeParse === "function") {
    return schema as unknown as z.ZodType<Out, In>;
  }
  throw new TypeError(`${cannot}: "schema" is no schema of zod 4`);
}
