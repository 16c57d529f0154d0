import type { PodState, WorkloadState } from "../../events/events.ts";
import { headState } from "../../events/head_state.ts";
import { waitFor } from "../../wait.ts";
import { isPaused } from "./paused.ts";
import type { Scope } from "./scope.ts";
import { isStopped } from "./stop.ts";
import { findTrouble } from "./trouble.ts";

/** How a workload stands. */
export interface WorkloadStatus {
  /** Its object; none if there is no such workload. */
  readonly state: WorkloadState | undefined;
  /** Its pods, in the order of their names. */
  readonly pods: readonly PodState[];
  /** Whether it is kept without workers by `stop()`. */
  readonly stopped: boolean;
  /** Whether a rollout of it is held up by `pause()`. */
  readonly paused: boolean;
  /** All of it in one sentence, and if something is wrong what. */
  readonly explanation: string;
}

/** See `Workload.status`. */
export async function workloadStatus(
  scope: Scope,
  options: { signal?: AbortSignal },
): Promise<WorkloadStatus> {
  return await waitFor(scope.reflectors(), scope.signal(options.signal), () => {
    const head = scope.find();
    const state = head && headState(head);
    const pods = scope.pods();
    const stopped = head !== undefined && isStopped(head);
    const paused = head !== undefined && isPaused(head);
    const notes = [stopped && "is stopped", paused && "is paused"].filter(Boolean);
    const trouble = head && findTrouble(head, pods);
    const how = state === undefined
      ? "does not exist"
      : state.complete
      ? "has run to its end"
      : [...notes, state.ready ? "is ready" : "is not ready"].join(" and ");
    const why = state?.complete
      ? ""
      : state?.ready === false && trouble !== undefined && !trouble.guessed
      ? `, ${state.readyReplicas} of ${state.replicas} ready: ${trouble.why}`
      : state === undefined
      ? ""
      : `: ${scope.explain()}`;
    return { state, pods, stopped, paused, explanation: `"${scope.name}" ${how}${why}` };
  });
}
