/**
 * A batch: tasks for the inputs of a list, seen through to the end of it whoever leads.
 *
 * Flow, for each input: the worker's handler is done, `onResult` was called and has resolved, the result
 * is noted in the record, which is written with others. A leader begins with what the record says, and
 * gives what is not noted to workers.
 *
 * Guarantees: each index is given to `onResult` at least once, and once it is noted never again; a leader
 * repeats at most what was under way, and what was done since the last write. While writes fail nothing
 * more is taken on, so that this stays little. Nothing of an earlier term is written after the next leader
 * has begun. What is noted is done: the record is claimed, and read, before anything is begun.
 *
 * Assumption: the same number stands for the same input each time.
 *
 * @module
 */
import type { TaskResult } from "../../messaging/mod.ts";
import { anySignal, asError } from "../../runtime/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { type FencedRecord, RecordError } from "../records/mod.ts";
import type { CheckedBatchOptions } from "./batch_options.ts";
import { type BatchFailure, type BatchRecord, failureOf } from "./batch_record.ts";
import { DoneSet } from "./done_set.ts";
import { ProgressWriter } from "./progress_writer.ts";
import { remaining } from "./remaining.ts";

/** Until the first read of a record is tried again, in milliseconds. */
const RETRY_READ = 1_000;

/** How far a batch is, as this process knows it: a follower knows nothing of it. */
export interface BatchProgress {
  /** Where it is: `waiting` until this process leads, and has read what was done. */
  readonly state: "waiting" | "running" | "done" | "failed" | "canceled";
  /** Tasks that are done, failures included. */
  readonly done: number;
  /** Those of them that are noted: no leader does them again. */
  readonly noted: number;
  /** Tasks that were set aside. */
  readonly failed: number;
  /** How many there are, of a list. */
  readonly total: number | undefined;
}

/** What has become of a batch. */
export interface BatchSummary {
  /** Tasks that are done, failures included, by this and by earlier leaders. */
  readonly done: number;
  /** What was set aside. */
  readonly failures: readonly BatchFailure[];
}

/** The handle of a batch. */
export interface BatchHandle {
  /** Its name. */
  readonly name: string;
  /**
   * Resolves when all is done and noted; at once if an earlier program has done it. On a follower it
   * waits for a term of its own.
   *
   * @throws what `onResult` or the inputs throw, an `Error` when the inputs are evidently others than
   *   those that it was begun with, or too many tasks were set aside; the reason of its end
   */
  readonly done: Promise<BatchSummary>;
  /** How far it is. */
  readonly progress: BatchProgress;
  /**
   * Ends it for good: no later leader goes on with it. Resolves when that is noted.
   *
   * @throws {NotLeadingError} when another coordinator leads
   */
  cancel(reason?: unknown): Promise<void>;
  /**
   * Ends it, and forgets what was done: it may be begun anew.
   *
   * @throws {NotLeadingError} when another coordinator leads
   */
  delete(): Promise<void>;
}

/** What a batch needs of its coordinator. */
export interface BatchContext {
  /** Where progress is kept. */
  readonly record: Pick<FencedRecord<BatchRecord>, "update" | "delete">;
  /** The mandate of the moment. @throws {NotLeadingError} when there is none */
  readonly require: (what: string) => Mandate;
  /** Hears what has no caller. */
  readonly onError: (error: Error) => void;
}

/** It cannot go on, whoever leads. */
class BatchError extends Error {}

/** See the module's text. */
export class Batch implements BatchHandle {
  readonly name: string;
  readonly done: Promise<BatchSummary>;
  readonly #options: CheckedBatchOptions;
  readonly #context: BatchContext;
  readonly #outcome = Promise.withResolvers<BatchSummary>();
  /** Ends what is under way; for good. */
  readonly #stop = new AbortController();
  /** Ends the noting of progress too: the record is about to say something else. */
  readonly #canceled = new AbortController();
  readonly #onAbort = (): void => this.stop(this.#options.signal!.reason);
  #state: BatchProgress["state"] = "waiting";
  #done = new DoneSet();
  #failures: BatchFailure[] = [];
  #noted = 0;
  #running: Promise<void> = Promise.resolve();
  /** Calls of the record. */
  #calls: Promise<void> = Promise.resolve();

  /** It does nothing yet. */
  constructor(name: string, options: CheckedBatchOptions, context: BatchContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.done = this.#outcome.promise;
    this.done.catch(() => {}); // who does not wait for it hears of failures by onError
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  /** How far it is. */
  get progress(): BatchProgress {
    const { inputs } = this.#options;
    return {
      state: this.#state,
      done: this.#done.size,
      noted: this.#noted,
      failed: this.#failures.length,
      total: typeof inputs === "function" ? undefined : inputs.length,
    };
  }

  /** Whether there is nothing left for it to do in this process. */
  get isOver(): boolean {
    return this.#stop.signal.aborted || this.#state === "done";
  }

  /** Works on it until the mandate ends; after what an earlier term has begun. */
  begin(mandate: Mandate): void {
    this.#running = this.#running.then(() => this.#see(mandate));
  }

  /** Ends it in this process. */
  stop(reason: unknown): void {
    if (this.isOver) return;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort(reason);
    this.#outcome.reject(reason);
    if (this.#state !== "failed") this.#state = "canceled";
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** See {@linkcode BatchHandle.cancel}. */
  async cancel(
    reason: unknown = new DOMException(`Batch "${this.name}" was canceled`, "AbortError"),
  ): Promise<void> {
    const mandate = this.#context.require(`cancel batch "${this.name}"`);
    if (this.#state === "done") return;
    this.#canceled.abort(reason);
    this.stop(reason);
    await this.#exclusive(() =>
      this.#context.record.update(mandate, (value) => {
        const known = value?.id === this.#options.id ? value : this.#fresh();
        return known.state === "running" ? { ...known, state: "canceled" } : value;
      })
    );
  }

  /** See {@linkcode BatchHandle.delete}. */
  async delete(): Promise<void> {
    const mandate = this.#context.require(`delete batch "${this.name}"`);
    const reason = new DOMException(`Batch "${this.name}" was deleted`, "AbortError");
    this.#canceled.abort(reason);
    this.stop(reason);
    await this.#exclusive(() => this.#context.record.delete(mandate));
  }

  /** What becomes of it in one term. */
  async #see(mandate: Mandate): Promise<void> {
    if (this.isOver || mandate.signal.aborted) return;
    const signal = anySignal([mandate.signal, this.#stop.signal]);
    try {
      const record = await this.#claim(mandate, signal);
      this.#done = new DoneSet(record.done);
      this.#noted = this.#done.size;
      this.#failures = [...record.failures];
      if (record.state === "canceled") throw new BatchError(this.#cannot("it was canceled"));
      if (record.state === "running") await this.#work(mandate, signal);
      this.#state = "done";
      this.#options.signal?.removeEventListener("abort", this.#onAbort);
      this.#outcome.resolve({ done: this.#done.size, failures: this.#failures });
    } catch (error) {
      const isTermOver = mandate.signal.aborted || error instanceof NotLeadingError;
      if (this.isOver) return; // it was told
      if (isTermOver) return void (this.#state = "waiting");
      this.#state = "failed";
      this.stop(error);
      this.#context.onError(asError(error));
    }
  }

  /** Reads what was done, so that no earlier leader can note more. */
  async #claim(mandate: Mandate, signal: AbortSignal): Promise<BatchRecord> {
    for (;;) {
      try {
        const value = await this.#exclusive(() =>
          this.#context.record.update(mandate, (value) => {
            if (value?.id !== this.#options.id) return this.#fresh();
            this.#compare(value);
            return value;
          }, { signal })
        );
        return value ?? this.#fresh();
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(asError(error))) throw error;
        this.#context.onError(asError(error));
        await pause(RETRY_READ, signal);
      }
    }
  }

  /** One after another, as calls of a record must not overlap. */
  async #exclusive<T>(call: () => Promise<T>): Promise<T> {
    const before = this.#calls;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#calls = promise;
    await before;
    try {
      return await call();
    } finally {
      resolve();
    }
  }

  #compare({ fingerprint: before }: BatchRecord): void {
    const { fingerprint } = this.#options;
    if (before === undefined || fingerprint === undefined || before === fingerprint) return;
    throw new BatchError(this.#cannot(
      `it was begun with inputs "${before}", and these are "${fingerprint}"; give it another "id" to ` +
        "begin anew, or the same inputs to go on",
    ));
  }

  async #work(mandate: Mandate, signal: AbortSignal): Promise<void> {
    const { workers, method, inputs, map, interval } = this.#options;
    const { record, onError } = this.#context;
    this.#state = "running";
    let state: BatchRecord["state"] = "running";
    // what is stopped here can still note what it has done
    const noting = anySignal([mandate.signal, this.#canceled.signal]);
    const write = async (): Promise<void> => {
      const { size } = this.#done;
      const now = {
        ...this.#fresh(),
        state,
        done: this.#done.ranges,
        failures: [...this.#failures],
      };
      await this.#exclusive(async () => {
        noting.throwIfAborted();
        await record.update(mandate, () => now, { signal: noting });
      });
      this.#noted = size;
    };
    const writer = new ProgressWriter({
      write,
      interval,
      signal,
      isFinal,
      onError,
    });
    try {
      const pulled = new Map<number, number>();
      const source = remaining(inputs, this.#done, (nth, index) => pulled.set(nth, index));
      for await (
        const result of workers.map(method as never, source as never, { ...map, signal })
      ) {
        const index = pulled.get(result.index)!;
        pulled.delete(result.index);
        await this.#take({ ...result, index }, mandate);
        writer.note();
        await writer.healthy();
        signal.throwIfAborted();
      }
      state = "done";
      await writer.flush();
    } finally {
      await writer.close(signal.aborted ? signal.reason : new Error("It has ended"));
      // who goes on is not to do again what is done, if it can still be noted
      const isOpen = this.#noted < this.#done.size;
      if (isOpen && !noting.aborted && !writer.failing) await write().catch(() => {});
    }
  }

  async #take(result: TaskResult<unknown>, mandate: Mandate): Promise<void> {
    mandate.check();
    const { maxFailures, onResult } = this.#options;
    if (!result.ok && this.#failures.length >= maxFailures) {
      throw new BatchError(
        this.#cannot(
          `${
            maxFailures + 1
          } tasks failed, allowed are ${maxFailures}; the last one, ${result.index}, ` +
            `by ${result.error.name}: ${result.error.message}`,
        ),
        { cause: result.error },
      );
    }
    await onResult(result);
    this.#done.add(result.index);
    if (!result.ok) this.#failures.push(failureOf(result.index, result.error));
  }

  #fresh(): BatchRecord {
    const { id, fingerprint } = this.#options;
    return { id, ...(fingerprint && { fingerprint }), state: "running", done: [], failures: [] };
  }

  #cannot(why: string): string {
    return `Cannot go on with batch "${this.name}": ${why}`;
  }
}

/** Whether trying again would end the same way. */
function isFinal(error: Error): boolean {
  return error instanceof BatchError || error instanceof RangeError ||
    error instanceof RecordError || error instanceof NotLeadingError;
}

/** Resolves after so long; rejects when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
