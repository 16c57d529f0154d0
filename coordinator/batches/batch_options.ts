import { createHash } from "node:crypto";
import { z } from "zod";
import type {
  Contract,
  InputOf,
  Inputs,
  MapOptions,
  MethodName,
  OutputOf,
  Specs,
  TaskOptions,
  TaskResult,
} from "../../messaging/mod.ts";
import { checkOptions, dnsLabel, quote } from "../../runtime/mod.ts";

/** Who does a batch: a workload with a contract. */
export interface BatchWorkers<S extends Specs> {
  /** Its contract, by which the types of inputs and results are known. */
  readonly contract?: Contract<S> | undefined;
  /** As `Workload.map`. */
  map<M extends MethodName<S>>(
    method: M,
    inputs: Inputs<InputOf<S, M>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<OutputOf<S, M>>>;
}

/** What a batch is. */
export interface BatchOptions<S extends Specs, M extends MethodName<S>> extends TaskOptions {
  /** The workload whose workers do it. */
  workers: BatchWorkers<S>;
  /** The method that is called with each input. */
  method: M;
  /**
   * The inputs: a list, or of many a function that gives those from a number on. The number of an input
   * says which one it is, so the same number must stand for the same input each time.
   */
  inputs: readonly InputOf<S, M>[] | ((from: number) => Inputs<InputOf<S, M>>);
  /**
   * Is given each result, one after another as they come; what it returns is awaited before the result
   * counts as done. After a crash it may be given a result of the same `index` again. If it throws, the
   * batch ends.
   */
  onResult?: (result: TaskResult<OutputOf<S, M>>) => unknown;
  /**
   * Tells this run of the batch from an earlier one of that name: with another one it begins anew.
   * @default ""
   */
  id?: string;
  /**
   * Tells the inputs from others, so that progress is not applied to another list.
   * @default of a list its length and a hash of its first, middle and last input; of a function none
   */
  fingerprint?: string;
  /** How many tasks may be under way at once. @default as many as the ready workers run at once */
  concurrency?: number;
  /** How many tasks may be set aside until the batch ends with an error; at most 1,000. @default 100 */
  maxFailures?: number;
  /** Shortest time between two writes of progress, in milliseconds. @default 500 */
  interval?: number;
  /** Stops it in this process; a later start, or the next leader, goes on. */
  signal?: AbortSignal;
}

/** Options that were checked, for whatever contract. */
export interface CheckedBatchOptions {
  readonly workers: BatchWorkers<Specs>;
  readonly method: string;
  readonly inputs: readonly unknown[] | ((from: number) => Inputs<unknown>);
  readonly onResult: (result: TaskResult<unknown>) => unknown;
  readonly id: string;
  readonly fingerprint: string | undefined;
  readonly maxFailures: number;
  readonly interval: number;
  readonly signal: AbortSignal | undefined;
  /** What `map` is told, and checks. */
  readonly map: MapOptions;
}

const schema = z.object({
  name: dnsLabel(100),
  method: z.string().min(1).describe("the name of a method of the contract"),
  inputs: z.union([
    z.array(z.unknown()),
    z.custom((given) => typeof given === "function"),
  ]).describe("a list, or a function (from) => inputs"),
  onResult: z.custom((given) => typeof given === "function").describe("a function").optional(),
  id: z.string().max(200).default("").describe("a text of at most 200 characters"),
  fingerprint: z.string().max(200).optional().describe("a text of at most 200 characters"),
  maxFailures: z.int().min(0).max(1000).default(100).describe("an integer from 0 to 1,000"),
  interval: z.number().min(0).max(600_000).default(500).describe(
    "a number of milliseconds, from 0 to 600,000",
  ),
});

/**
 * Checks what a batch is said to be.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkBatchOptions<S extends Specs, M extends MethodName<S>>(
  name: string,
  options: BatchOptions<S, M>,
): CheckedBatchOptions {
  const { workers, inputs, onResult = () => {}, signal, ...others } = options;
  const purpose = `Cannot begin batch ${quote(name)}`;
  const checked = checkOptions(schema, { ...others, inputs, onResult, name }, { purpose });
  if (typeof workers?.map !== "function") {
    throw new TypeError(`${purpose}: "workers" given ${quote(workers)}, allowed is a workload`);
  }
  const { concurrency, retries, backoff, timeout, losses, unreachable } = options;
  const given = Object.entries({ concurrency, retries, backoff, timeout, losses, unreachable });
  const { id, method, maxFailures, interval } = checked;
  return {
    workers: workers as unknown as BatchWorkers<Specs>,
    method,
    inputs: inputs as CheckedBatchOptions["inputs"],
    onResult: onResult as CheckedBatchOptions["onResult"],
    id,
    fingerprint: checked.fingerprint ??
      (typeof inputs === "function" ? undefined : fingerprintOf(inputs)),
    maxFailures,
    interval,
    signal,
    map: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  };
}

/** Tells lists apart that are evidently others; cheap, however long they are. */
export function fingerprintOf(inputs: readonly unknown[]): string {
  const { length } = inputs;
  const some = [inputs[0], inputs[length >>> 1], inputs[length - 1]];
  const hash = createHash("sha256").update(JSON.stringify(some)).digest("hex").slice(0, 16);
  return `${length}:${hash}`;
}
