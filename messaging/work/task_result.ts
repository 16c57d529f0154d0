import type { WorkerRef } from "../group/member.ts";

/** How one attempt at a task ended. */
export type AttemptEnd =
  /** Its worker is gone, or has forgotten it. */
  | "lost"
  /** Its worker could not be reached for too long; it may still be at it. */
  | "unreachable"
  /** The worker ended it, as it stops. */
  | "canceled"
  /** The handler threw. */
  | "failed"
  /** It took longer than it may. */
  | "timedOut";

/** One attempt at a task that did not bring a result. */
export interface Attempt {
  /** Who was at it. */
  readonly worker: WorkerRef;
  /** When it was given to the worker. */
  readonly began: Date;
  /** When it was known to have ended. */
  readonly ended: Date;
  /** How it ended. */
  readonly how: AttemptEnd;
  /** What was told of it. */
  readonly error: Error;
}

/** A task that was done. */
export interface TaskDone<O> {
  /** The number of its input, from 0 on. */
  readonly index: number;
  /** It was done. */
  readonly ok: true;
  /** What the method has answered. */
  readonly output: O;
  /** Who has done it. */
  readonly worker: WorkerRef;
  /** How often workers have begun it, or may have. */
  readonly attempts: number;
}

/** A task that was set aside. */
export interface TaskFailed {
  /** The number of its input, from 0 on. */
  readonly index: number;
  /** It was not done. */
  readonly ok: false;
  /**
   * Why: what the handler threw last, a `PoisonError`, a `TimedOutError`, an `IncompatibleError`, or a
   * `TypeError` for an input that does not fit the contract.
   */
  readonly error: Error;
  /** How often workers have begun it, or may have. */
  readonly attempts: number;
}

/** What came of a task of `map`; there is exactly one for each input. */
export type TaskResult<O = unknown> = TaskDone<O> | TaskFailed;
