import { quote } from "../../runtime/mod.ts";
import { OverloadedError } from "../errors.ts";
import { Task, type TaskContext, type TaskState } from "./task.ts";
import { checkTaskOptions, type TaskOptions } from "./task_options.ts";

/** Options of `submit`. */
export interface SubmitOptions extends TaskOptions {
  /** Cancels the task when it aborts. */
  signal?: AbortSignal;
}

/** A task that was submitted. */
export interface TaskHandle<O = unknown> {
  /** Tells it from all others. */
  readonly id: string;
  /**
   * What the method answers. Who does not look at it does not hear of a failure.
   *
   * @throws what the handler threw last, a `PoisonError`, a `TimedOutError`, an `IncompatibleError`, a
   *   `TypeError` for an input that does not fit, or the reason that it was canceled for
   */
  readonly result: Promise<O>;
  /** Where it is. */
  readonly state: TaskState;
  /** How often workers have begun it, or may have. */
  readonly attempts: number;
  /** Gives it up: its handler is told to stop, and `result` rejects with the reason. */
  cancel(reason?: unknown): void;
}

/** Tasks that are submitted one by one, and wait in one line, of bounded length, for workers. */
export class TaskQueue {
  readonly #context: TaskContext;
  readonly #bound: number;
  /** Tasks that were never given to a worker. */
  #waiting = 0;
  readonly #forRoom = new Set<() => void>();

  /** @param bound how many tasks may wait for their first worker */
  constructor(context: TaskContext, bound: number) {
    this.#context = context;
    this.#bound = bound;
  }

  /** See `Work.submit`. */
  submit<O>(method: string, input: unknown, options: SubmitOptions): TaskHandle<O> {
    const purpose = `Cannot submit a task of ${quote(method)}`;
    const { signal, ...settings } = checkTaskOptions(options, purpose);
    this.#context.pool.require(method, purpose);
    signal?.throwIfAborted();
    if (this.#waiting >= this.#bound) {
      throw new OverloadedError(`${purpose}: ${this.#waiting} wait, which is as many as may`, {
        method,
      });
    }
    this.#waiting++;
    let placed = false;
    const onPlaced = (): void => {
      if (placed) return;
      placed = true;
      this.#waiting--;
      for (const hear of this.#forRoom) hear();
    };
    const task = new Task(this.#context, { method, input, options: settings, onPlaced });
    const onAbort = (): void => task.cancel(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const result = task.run().then((outcome) => {
      signal?.removeEventListener("abort", onAbort);
      onPlaced();
      if (outcome.kind === "done") return outcome.output as O;
      throw outcome.kind === "failed" ? outcome.error : outcome.reason;
    });
    result.catch(() => {}); // who does not look at it does not end the process by it
    return {
      id: crypto.randomUUID(),
      result,
      get state() {
        return task.state;
      },
      get attempts() {
        return task.attempts;
      },
      cancel: (
        reason = new DOMException(`The task of ${quote(method)} was canceled`, "AbortError"),
      ) => task.cancel(reason),
    };
  }

  /** See `Work.room`. */
  async room(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#waiting < this.#bound) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#waiting < this.#bound) resolve();
    };
    const onAbort = (): void => reject(signal!.reason);
    this.#forRoom.add(look);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#forRoom.delete(look);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
