/** What stands in the record of a `Once`. */
import { z } from "zod";

/** See {@linkcode OnceState}. */
export const onceSchema = z.object({
  /** The call that does it, and the session by which others find out that its process is gone. */
  doer: z.object({ id: z.string().min(1), session: z.string().min(1) }).nullable(),
  /** What came of it, if it was done; the value is missing where it is `undefined`. */
  result: z.object({ value: z.unknown().optional() }).nullable(),
});

/** The record. */
export type OnceState = z.output<typeof onceSchema>;

/** The record while there is none. */
export const NOT_DONE: OnceState = { doer: null, result: null };
