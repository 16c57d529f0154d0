import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";

/** How a task is seen through. */
export interface TaskOptions {
  /**
   * How often a task is tried again whose handler threw, or took longer than `timeout`; on another
   * worker, if there is one.
   * @default 0
   */
  retries?: number;
  /**
   * Milliseconds until it is tried again, about: doubled each time, at most 30 s.
   * @default 200
   */
  backoff?: number;
  /** Milliseconds that one attempt may take at a worker. @default no limit */
  timeout?: number;
  /**
   * How many workers may be lost with it until it is set aside as poison.
   * @default 3
   */
  losses?: number;
  /**
   * Milliseconds that its worker may be out of reach until another one gets the task; counted from
   * when the worker was found to be silent, which takes up to 15 s.
   * @default 10_000
   */
  unreachable?: number;
}

/** Options that were checked and have their defaults. */
export type CheckedTaskOptions = Required<TaskOptions>;

/** Longest time that a timer can be set to, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

const milliseconds = z.number().min(0).max(LONGEST_TIMER).describe(
  "a number of milliseconds, 0 or more",
);

/** Fields of a task's options. */
export const taskShape = {
  retries: z.int().min(0).default(0).describe("an integer, 0 or more"),
  backoff: milliseconds.default(200),
  timeout: z.union([milliseconds, z.literal(Infinity)]).default(Infinity).describe(
    "a number of milliseconds, 0 or more, or Infinity",
  ),
  losses: z.int().min(1).default(3).describe("an integer from 1 up"),
  unreachable: milliseconds.default(10_000),
};

/** The signal of what can be ended. */
export const signal = z.instanceof(AbortSignal).describe("an AbortSignal").optional();

const schema = z.strictObject({ ...taskShape, signal });

/**
 * Checks the options of `submit`.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkTaskOptions(
  options: TaskOptions & { signal?: AbortSignal },
  purpose: string,
): CheckedTaskOptions & { signal?: AbortSignal } {
  return checkOptions(schema, options, { purpose });
}
