import type { MethodName, Specs } from "../../messaging/mod.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { FencedRecord } from "../records/mod.ts";
import { Batch, type BatchContext, type BatchHandle } from "./batch.ts";
import { type BatchOptions, checkBatchOptions } from "./batch_options.ts";
import { type BatchRecord, batchRecord } from "./batch_record.ts";

/** Options of {@linkcode Batches}. */
export interface BatchesOptions extends Pick<BatchContext, "require" | "onError"> {
  /** Where the value of that name is kept: `Records.record`. */
  record: (what: string, schema: typeof batchRecord) => Pick<
    FencedRecord<BatchRecord>,
    "update" | "delete"
  >;
  /** Runs what the user gave in the name of the mandate: `Tenure.bind`. */
  bind: <E, R>(handler: (event: E) => R) => (event: E) => R;
}

/** The batches of a coordinator: a follower only declares them, and who leads works on them. */
export class Batches {
  readonly #options: BatchesOptions;
  readonly #declared = new Map<string, Batch>();
  #mandate: Mandate | undefined;
  #closed: { readonly reason: unknown } | undefined;

  /** None yet. */
  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /**
   * Declares a batch, and begins it if this coordinator leads. Of one name there can be one at a time.
   *
   * @throws {TypeError} naming each bad option
   * @throws {Error} when one of that name is under way in this process
   */
  batch<S extends Specs, M extends MethodName<S>>(
    name: string,
    options: BatchOptions<S, M>,
  ): BatchHandle {
    const checked = checkBatchOptions(name, options);
    if (this.#closed) throw this.#closed.reason;
    const before = this.#declared.get(name);
    if (before !== undefined && !before.isOver) {
      throw new Error(`Cannot begin batch "${name}": it is under way`);
    }
    const { record, require, onError, bind } = this.#options;
    const mandate = this.#mandate;
    const batch = new Batch(name, {
      ...checked,
      onResult: (result) => bind(checked.onResult)(result),
    }, { record: record(`batch-${name}`, batchRecord), require, onError });
    this.#declared.set(name, batch);
    // an earlier one of that name may still note what it has done
    if (mandate !== undefined) {
      void (before?.settled() ?? Promise.resolve()).then(() => batch.begin(mandate));
    }
    return batch;
  }

  /** Works on what is declared, until the mandate ends. */
  begin(mandate: Mandate): void {
    this.#mandate = mandate;
    for (const batch of this.#declared.values()) batch.begin(mandate);
  }

  /** Works on nothing until the next mandate. */
  end(): void {
    this.#mandate = undefined;
  }

  /** Ends all of them in this process; resolves when nothing is under way. */
  async close(reason: unknown): Promise<void> {
    this.#closed = { reason };
    for (const batch of this.#declared.values()) batch.stop(reason);
    await Promise.all([...this.#declared.values()].map((batch) => batch.settled()));
  }
}
