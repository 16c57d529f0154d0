/**
 * Keeps what is declared as it should be.
 *
 * A key comes here whenever a head or a part of a workload has changed or gone, and when a term
 * begins. It is looked at anew each time: what nobody has applied in this term is adopted, what is not
 * as it was applied is repaired, at a pace that no fight goes on at, or told. Equal keys go one after
 * another, different ones side by side; one that fails is tried again. It stops at `close()`.
 *
 * @module
 */
import { Reconciler } from "../../kube/mod.ts";
import { asError } from "../../runtime/mod.ts";
import type { Head } from "../heads.ts";
import { NotLeadingError } from "../leadership/mandate.ts";
import type { Deployed } from "./deploy.ts";
import { driftOf } from "./drift_of.ts";
import { RepairPace } from "./repair_pace.ts";
import type { CheckedRunParams } from "./run_params.ts";
import type { WorkloadContext } from "./workload_context.ts";

/** What was found changed by somebody else. */
export interface Drift {
  readonly head: Head;
  /** Paths of the fields that were changed; empty if the workload or a part of it was deleted. */
  readonly fields: readonly string[];
  /** Whether it was made as it should be. */
  readonly repaired: boolean;
}

/** Options of {@linkcode Repairs}. */
export interface RepairsOptions {
  /** What is declared and applied, and what may be done now. */
  context: Pick<WorkloadContext, "applied" | "declared" | "life" | "tenure" | "view" | "writes">;
  /** Whether a call of `run` is about to apply what has that key. */
  isRunning: (key: string) => boolean;
  /** Whether it is a job that has ended and was cleared away: it is done. */
  isCleared: (key: string, params: CheckedRunParams) => Promise<boolean>;
  /** Applies a workload when it is its turn, unless it was deleted or run anew meanwhile. */
  apply: (params: CheckedRunParams) => Promise<Deployed | undefined>;
  /** Hears what fails; it is tried again. */
  onError: (error: Error) => void;
  /** Hears what somebody else has changed. */
  onDrift: (drift: Drift) => void;
}

/** See the module's text. */
export class Repairs {
  readonly #options: RepairsOptions;
  readonly #pace = new RepairPace();
  readonly #reconciler: Reconciler;

  /** Waits for keys. */
  constructor(options: RepairsOptions) {
    this.#options = options;
    const { context: { life, tenure }, onError } = options;
    this.#reconciler = new Reconciler((key) => this.#reconcile(key), {
      name: "workloads",
      workers: Infinity, // one that waits for the end of what is deleted holds up no other
      onError: (_, error) => {
        // who is about to lead or to follow repairs nothing
        const isOver = error instanceof NotLeadingError && tenure.mandate === undefined;
        if (!isOver) onError(asError(error));
      },
      signal: life,
    });
  }

  /** Has a workload looked at soon. */
  enqueue(key: string): void {
    this.#reconciler.enqueue(key);
  }

  /** Forgets how often a workload was repaired. */
  forget(key: string): void {
    this.#pace.forget(key);
  }

  /** Resolves when nothing is being repaired any more. */
  async close(): Promise<void> {
    await this.#reconciler.close();
  }

  /** Makes a declared workload as it should be, after something has changed. */
  async #reconcile(key: string): Promise<void | { after: number }> {
    const { context: { applied, declared, view }, apply, isCleared, onDrift } = this.#options;
    const params = declared.get(key);
    if (params === undefined || !this.#isMine(key)) return;
    const known = applied.get(key);
    if (known === undefined) {
      if (await isCleared(key, params)) return;
      const adopted = await apply(params);
      if (adopted === undefined || adopted.drifted.length === 0) return;
      if (params.drift === "report") return await this.#report(key);
      return onDrift({ head: adopted.head, fields: adopted.drifted, repaired: true });
    }
    if (params.drift === "report") return await this.#report(key);
    const fields = driftOf(known, view);
    if (fields === undefined) return;
    const after = this.#pace.waitOf(key);
    if (after > 0) return { after };
    const repaired = await apply(params);
    if (!repaired?.written) return;
    this.#pace.repaired(key);
    onDrift({ head: repaired.head, fields, repaired: true });
  }

  /** Whether this coordinator may repair it, and nobody else here is about to write it. */
  #isMine(key: string): boolean {
    const { context, isRunning } = this.#options;
    return context.tenure.mandate !== undefined && !isRunning(key);
  }

  /** Tells drift once; after what is being written, which is none. */
  async #report(key: string): Promise<void> {
    const { context: { applied, life, view, writes }, onDrift } = this.#options;
    await writes.add(key, life, () => {
      const known = applied.get(key);
      if (known === undefined || !this.#isMine(key)) return Promise.resolve();
      const fields = driftOf(known, view);
      const told = fields && JSON.stringify(fields);
      const isNew = told !== known.reported;
      known.reported = told;
      if (fields && isNew) onDrift({ head: known.head, fields, repaired: false });
      return Promise.resolve();
    });
  }
}
