import type { CallErrorOptions } from "../errors.ts";
import type { Attempt } from "./task_result.ts";

/** So many workers were lost with a task that it is given to no other one. */
export class PoisonError extends Error {
  /** Always `"PoisonError"`. */
  override readonly name = "PoisonError";
  /** The method that was called. */
  readonly method: string | undefined;
  /** The attempts, the oldest first; of very many the last 20. */
  readonly story: readonly Attempt[];

  /** An error that tells how often its worker was lost. */
  constructor(message: string, options: CallErrorOptions & { story: readonly Attempt[] }) {
    super(message, { cause: options.cause });
    this.method = options.method;
    this.story = options.story;
  }
}
