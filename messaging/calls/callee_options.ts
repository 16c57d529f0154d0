import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import type { RosterFrame } from "../wire/frame.ts";

/** Options of `Callee`. */
export interface CalleeOptions {
  /**
   * Calls that run at once, of all callers.
   * @default 16
   */
  concurrency?: number;
  /**
   * Calls that wait beside them, of all callers.
   * @default 64
   */
  queue?: number;
  /**
   * Gets what the handler of a `tell` throws or rejects with, as nobody waits for it.
   * @default it is passed over
   */
  onError?: (error: unknown) => void;
  /** Hears from a coordinator which workers there are. */
  onRoster?: (workers: RosterFrame["workers"]) => void;
  /**
   * Milliseconds, never going back.
   * @default `performance.now()`
   */
  now?: () => number;
}

/** How much is taken of all callers together. */
export type CalleeLimits = Readonly<Required<Pick<CalleeOptions, "concurrency" | "queue">>>;

const schema = z.strictObject({
  concurrency: z.int().min(1).max(1_000_000).default(16).describe("an integer from 1 to 1000000"),
  queue: z.int().min(0).max(1_000_000).default(64).describe("an integer from 0 to 1000000"),
});

/**
 * Checks the limits.
 *
 * @throws {TypeError} naming a bad one
 */
export function checkCalleeLimits(
  given: Pick<CalleeOptions, "concurrency" | "queue">,
): CalleeLimits {
  return checkOptions(schema, given, { purpose: "Cannot implement a contract" });
}
