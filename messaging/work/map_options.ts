import { z } from "zod";
import { checkOptions, quote } from "../../runtime/mod.ts";
import { type CheckedTaskOptions, signal, type TaskOptions, taskShape } from "./task_options.ts";

/** Options of `map`. */
export interface MapOptions extends TaskOptions {
  /**
   * How many tasks may be under way at once, those included that wait for another try.
   * @default as many as the ready workers run at once, whichever these are at the moment
   */
  concurrency?: number;
  /** Whether results come in the order of their inputs; else as they come. @default false */
  ordered?: boolean;
  /**
   * How many inputs may have been pulled whose results were not taken. In order, it is also how far a
   * slow task is left behind.
   * @default 256, or twice what the ready workers run at once if that is more
   */
  window?: number;
  /** Ends it: the iteration throws its reason, and what runs is canceled. */
  signal?: AbortSignal;
}

/** Options that were checked. */
export interface MapSettings {
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly window: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly task: CheckedTaskOptions;
}

const count = z.union([z.int().min(1), z.literal(Infinity)]).describe("an integer from 1 up");

const schema = z.strictObject({
  ...taskShape,
  concurrency: count.default(Infinity),
  ordered: z.boolean().default(false).describe("true or false"),
  window: count.optional(),
  signal,
});

/**
 * Checks the options of `map`.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function mapSettings(options: MapOptions, method: string): MapSettings {
  const purpose = `Cannot map ${quote(method)}`;
  const { concurrency, ordered, window, signal, ...task } = checkOptions(schema, options, {
    purpose,
  });
  return { concurrency, ordered, window, signal, task };
}
