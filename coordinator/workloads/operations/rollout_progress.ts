import { headState } from "../../events/head_state.ts";
import type { Head } from "../../heads.ts";

/** How far an operation has come. */
export interface RolloutProgress {
  /** Always `"progress"`. */
  readonly type: "progress";
  /** How many workers are as last applied. */
  readonly updated: number;
  /** How many workers are ready. */
  readonly ready: number;
  /** How many workers are ready for long enough to be counted on. */
  readonly available: number;
  /** How many workers there are to be; 0 while a workload is being deleted. */
  readonly wanted: number;
  /** The same in words, and why it does not get on, if that is known. */
  readonly message: string;
}

/** Options of what reports its progress. */
export interface ProgressOptions {
  /**
   * Hears each step, at first how it stands; what it throws ends the waiting.
   * @default nobody
   */
  onProgress?: (progress: RolloutProgress) => void;
}

/** Whether the controller's counts are about what was last applied, and not about what was before. */
function isSeen({ metadata, status }: Head): boolean {
  const observed = status && "observedGeneration" in status ? status.observedGeneration : undefined;
  return observed == null || observed >= (metadata?.generation ?? 0);
}

/** Passes progress on, each step once. */
export class ProgressReporter {
  readonly #onProgress: ProgressOptions["onProgress"];
  #last = "";

  /** Reports to whom the options name. */
  constructor({ onProgress }: ProgressOptions) {
    this.#onProgress = onProgress;
  }

  /** Tells how a rollout stands; `explain` says it in words. */
  rollout(head: Head, explain: () => string): void {
    if (this.#onProgress === undefined) return;
    const state = headState(head);
    this.#tell({
      type: "progress",
      updated: isSeen(head) ? state.updatedReplicas : 0,
      ready: state.readyReplicas,
      available: state.availableReplicas,
      wanted: state.replicas,
      message: explain(),
    });
  }

  /** Tells how many pods are left of what is being deleted. */
  deletion(left: number): void {
    const none = { updated: 0, ready: 0, available: 0, wanted: 0 };
    const message = left === 1 ? "1 pod left" : `${left} pods left`;
    this.#tell({ type: "progress", ...none, message });
  }

  #tell(progress: RolloutProgress): void {
    const text = JSON.stringify(progress);
    if (text === this.#last) return;
    this.#last = text;
    this.#onProgress?.(progress);
  }
}
