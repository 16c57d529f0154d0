import { z } from "zod";
import { instance } from "../../runtime/mod.ts";

/** A schema of a field that is always there, and `undefined` while nothing is known. */
export function known<S extends z.ZodType>(schema: S): z.ZodUnion<[S, z.ZodUndefined]> {
  return z.union([schema, z.undefined()]);
}

/** A schema of a number of things. */
export const count: z.ZodInt = z.int().min(0);

/** What all states of objects have. */
export function objectFields<Source extends object>(what: string): ObjectFields<Source> {
  return {
    name: z.string(),
    uid: z.string(),
    reason: known(z.string()),
    message: known(z.string()),
    labels: z.record(z.string(), z.string()),
    source: instance<Source>(what),
    replayed: z.boolean(),
  };
}

interface ObjectFields<Source extends object> {
  name: z.ZodString;
  uid: z.ZodString;
  reason: z.ZodUnion<[z.ZodString, z.ZodUndefined]>;
  message: z.ZodUnion<[z.ZodString, z.ZodUndefined]>;
  labels: z.ZodRecord<z.ZodString, z.ZodString>;
  source: z.ZodCustom<Source, Source>;
  replayed: z.ZodBoolean;
}
