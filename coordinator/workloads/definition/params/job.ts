import { z } from "zod";
import { count, duration } from "./schemas.ts";

/** Work that comes to an end. Saying `completions` or `items` is what makes it a job. */
export interface JobParams {
  /** How many workers have to succeed. */
  completions?: number;
  /**
   * What there is to do: each item is done by a worker of its own. A worker finds all of them as a
   * JSON list in `TROUPE_ITEMS`, and which is its own in `JOB_COMPLETION_INDEX`, counted from 0.
   * As JSON at most 100 KiB.
   */
  items?: readonly string[];
  /** How many workers run at the same time. @default 1 */
  parallelism?: number;
  /** How many workers may fail before all fails. @default 6 */
  retries?: number;
  /** Milliseconds from the start after which all fails. @default none */
  deadline?: number;
  /** Milliseconds from its end after which the job is deleted. @default it is kept */
  ttl?: number;
  /**
   * What becomes of a worker that fails: `never` makes a new one in another pod, and the failed
   * one can be looked at; `onFailure` starts it again in its pod.
   * @default "never"
   */
  restartPolicy?: "never" | "onFailure";
}

/** Longest list of items as JSON: with its name it fits into a variable, of which Linux takes 128 KiB. */
const MAX_ITEMS_BYTES = 100 * 1024;

const items = z.array(z.string()).min(1).superRefine((list, context) => {
  const size = new TextEncoder().encode(itemsText(list)).length;
  if (size <= MAX_ITEMS_BYTES) return;
  const told = `given ${list.length} items of ${size} bytes as JSON, allowed are ` +
    `${MAX_ITEMS_BYTES} bytes; name what is longer by a key of yours`;
  context.addIssue({ code: "custom", message: told, params: { told } });
}).describe("a list of strings, not empty");

/**
 * Items as the value of a variable. A dollar is doubled, as `$(NAME)` would stand for another
 * variable; workers see it once.
 */
export function itemsText(items: readonly string[]): string {
  return JSON.stringify(items).replaceAll("$", () => "$$");
}

/** Fields of jobs. */
export const jobShape = {
  completions: count(1).optional(),
  items: items.optional(),
  parallelism: count(1).optional(),
  retries: count().optional(),
  deadline: duration(1000).optional(),
  ttl: duration().optional(),
  restartPolicy: z.enum(["never", "onFailure"]).describe('"never" or "onFailure"').optional(),
};
