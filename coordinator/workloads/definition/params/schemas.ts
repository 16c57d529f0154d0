import { z } from "zod";

/** Longest duration: what fits into the seconds of a Kubernetes object. */
const MAX_MS = (2 ** 31 - 1) * 1000;

/** A schema for a duration in milliseconds of at least `min`. */
export function duration(min = 0): z.ZodInt {
  return z.int().min(min).max(MAX_MS).describe(
    `an integer of milliseconds, ${min === 0 ? "0 or more" : `at least ${min}`}`,
  );
}

/** Milliseconds in the whole seconds that Kubernetes counts in, rounded up. */
export function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** A schema for a count of at least `min`. */
export function count(min = 0): z.ZodInt {
  return z.int().min(min).max(2 ** 31 - 1).describe(
    min === 0 ? "an integer, 0 or more" : `an integer from ${min} up`,
  );
}

/** A schema for a yes or no. */
export const flag: z.ZodType<boolean> = z.boolean().describe("true or false");

/** A schema for an absolute path. */
export const path: z.ZodType<string> = z.string().max(4096).regex(/^\/[^:]*$/).describe(
  'an absolute path without ":"',
);

/** A schema for a key of a Secret or ConfigMap. */
export const dataKey: z.ZodType<string> = z.string().max(253).regex(/^(?!\.\.?$)[-._A-Za-z0-9]+$/)
  .describe('a key: letters, digits, "-", "_" and "."');
