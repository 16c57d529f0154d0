import type { LockEntry } from "./lock_queue.ts";

/** Why a semaphore was not acquired: those who hold it or wait say that it has another number of permits. */
export class LimitMismatchError extends RangeError {
  /** Those. */
  readonly queue: readonly LockEntry[];

  /** An error with this text. */
  constructor(message: string, queue: readonly LockEntry[]) {
    super(message);
    this.queue = queue;
  }
}
