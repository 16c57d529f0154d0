import type { Mandate } from "../leadership/mandate.ts";
import type { CheckedWorkers } from "../workloads/definition/params/workers.ts";
import type { CheckedRunParams } from "../workloads/run_params.ts";
import { workloadKey } from "../workloads/workload_context.ts";
import { Autoscaler, type LoadSource, type ScaleTarget } from "./autoscaler.ts";

/** What {@linkcode Autoscalers} needs of its coordinator. */
export interface AutoscalersOptions {
  /** What is declared now. */
  declared: () => Iterable<CheckedRunParams>;
  /** A workload as it is scaled. */
  target: (params: CheckedRunParams) => ScaleTarget;
  /** What there is to do for its workers. */
  source: (params: CheckedRunParams) => LoadSource;
  /** Hears of writes that have failed. */
  onError: (error: Error) => void;
}

/** One for each workload that is declared with `workers`. */
export class Autoscalers {
  readonly #options: AutoscalersOptions;
  readonly #all = new Map<string, { readonly autoscaler: Autoscaler; workers: CheckedWorkers }>();
  /** Those of workloads that have none any more, while they write. */
  readonly #closing = new Set<Promise<void>>();
  #mandate: Mandate | undefined;
  #closed = false;

  /** None yet. */
  constructor(options: AutoscalersOptions) {
    this.#options = options;
  }

  /** Follows what is declared now: to be called when that has changed. */
  look(): void {
    if (this.#closed) return;
    const gone = new Set(this.#all.keys());
    for (const params of this.#options.declared()) {
      if (params.workers === undefined) continue;
      const key = workloadKey(params);
      gone.delete(key);
      const known = this.#all.get(key);
      if (known === undefined) this.#add(key, params, params.workers);
      else if (known.workers !== params.workers) {
        known.workers = params.workers;
        known.autoscaler.change(params.workers);
      }
    }
    for (const key of gone) this.#remove(key);
  }

  /** Scales all of them in the name of a mandate, until it ends. */
  begin(mandate: Mandate): void {
    this.look();
    this.#mandate = mandate;
    for (const { autoscaler } of this.#all.values()) autoscaler.begin(mandate);
  }

  /** Scales nothing, until it begins again. */
  end(): void {
    this.#mandate = undefined;
    for (const { autoscaler } of this.#all.values()) autoscaler.end();
  }

  /** Ends for good; resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#mandate = undefined;
    for (const key of [...this.#all.keys()]) this.#remove(key);
    await Promise.all(this.#closing);
  }

  #add(key: string, params: CheckedRunParams, workers: CheckedWorkers): void {
    const { target, source, onError } = this.#options;
    const autoscaler = new Autoscaler({
      target: target(params),
      source: source(params),
      workers,
      onError,
    });
    this.#all.set(key, { autoscaler, workers });
    if (this.#mandate !== undefined) autoscaler.begin(this.#mandate);
  }

  #remove(key: string): void {
    const closing = this.#all.get(key)!.autoscaler.close();
    this.#all.delete(key);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
