import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import type { InputOf, MethodName, OutputOf, Specs } from "../contract/contract.ts";
import { type Load, LoadMeter } from "./load.ts";
import { TaskMap } from "./map.ts";
import type { MapOptions } from "./map_options.ts";
import { MemberWatch } from "./member_watch.ts";
import type { Pool } from "./pool.ts";
import { type SubmitOptions, type TaskHandle, TaskQueue } from "./submit.ts";
import type { TaskContext } from "./task.ts";
import type { TaskResult } from "./task_result.ts";
import type { Inputs } from "./task_source.ts";

/** Options of {@linkcode Work}. */
export interface WorkOptions {
  /**
   * How many submitted tasks may wait for their first worker.
   * @default 10_000
   */
  queue?: number;
  /** Numbers from 0 to 1, for jitter. @default Math.random */
  random?: () => number;
}

const schema = z.object({
  queue: z.int().min(1).default(10_000).describe("an integer from 1 up"),
});

/** Work for the workers of a pool: what is given to whichever of them has room, at least once. */
export class Work<S extends Specs> {
  readonly #context: TaskContext;
  readonly #queue: TaskQueue;

  /**
   * Work for that pool.
   *
   * @throws {TypeError} naming each bad option
   */
  constructor(pool: Pool, options: WorkOptions = {}) {
    const { random = Math.random } = options;
    const { queue } = checkOptions(schema, options, { purpose: "Cannot take on work" });
    const watches = new Map<number, MemberWatch>();
    const watch = (patience: number): MemberWatch => {
      const known = watches.get(patience) ?? new MemberWatch(patience);
      watches.set(patience, known);
      return known;
    };
    this.#context = { pool, meter: new LoadMeter(pool), watch, random };
    this.#queue = new TaskQueue(this.#context, queue);
  }

  /**
   * Calls a method with each of many inputs, and hands on the results as they come, or in order. An
   * input is pulled when a worker has room for it and the reader keeps up; `break` cancels what runs.
   * What does not work out is a result too, and the rest goes on.
   *
   * @throws {TypeError} naming each bad option
   */
  map<M extends MethodName<S>>(
    method: M,
    inputs: Inputs<InputOf<S, M>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<TaskResult<OutputOf<S, M>>> {
    return new TaskMap(this.#context, method, inputs, options);
  }

  /**
   * Has a method called with an input as soon as a worker has room for it.
   *
   * @throws {OverloadedError} when as many tasks wait as may; see `room`
   * @throws {TypeError} naming each bad option
   */
  submit<M extends MethodName<S>>(
    method: M,
    input: InputOf<S, M>,
    options: SubmitOptions = {},
  ): TaskHandle<OutputOf<S, M>> {
    return this.#queue.submit(method, input, options);
  }

  /** Resolves when another task may be submitted. */
  async room(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#queue.room(options.signal);
  }

  /** How much there is to do. */
  get load(): Load {
    return this.#context.meter.load;
  }

  /** Hears how much there is to do when it has changed, at most once a tick; returns what removes it. */
  onLoad(hear: (load: Load) => void): () => void {
    return this.#context.meter.onLoad(hear);
  }
}
