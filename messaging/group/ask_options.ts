import { z } from "zod";
import { checkOptions, quote } from "../../runtime/mod.ts";
import type { StreamOptions } from "./asking.ts";

const schema = z.strictObject({
  timeout: z.union([z.number().positive(), z.literal(Infinity)])
    .describe("a number of milliseconds above 0, or Infinity").optional(),
  to: z.union([
    z.strictObject({ worker: z.string() }),
    z.strictObject({ index: z.int().min(0) }),
    z.strictObject({ key: z.string() }),
  ]).describe("one of { worker: name }, { index: number } and { key: text }").optional(),
  balance: z.enum(["leastInFlight", "roundRobin"])
    .describe('"leastInFlight" or "roundRobin"').optional(),
  overload: z.enum(["wait", "reject"]).describe('"wait" or "reject"').optional(),
  signal: z.instanceof(AbortSignal).describe("an AbortSignal").optional(),
});

/**
 * Checks how something is asked.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkAskOptions(options: StreamOptions, method: string): void {
  if (Object.keys(options).length === 0) return; // as most asks have none
  checkOptions(schema, options, { purpose: `Cannot ask ${quote(method)}` });
}
