import type { DeriveOptions } from "./pod_events.ts";
import { sameState } from "./same_state.ts";
import type { WorkloadEvent, WorkloadEventType, WorkloadState } from "./workload_event.ts";

/**
 * What a handler is told of a workload: from the state that it heard last and the present one,
 * between which any number of states may have been left out.
 *
 * The last event names the present state; only `created` may come before it. A state that differs
 * in a visible field gives at least one event; one that does not gives none, unless it is
 * replayed.
 *
 * @param before what this handler heard last of this very object; nothing if it is new to it
 */
export function workloadEvents(
  before: WorkloadState | undefined,
  after: WorkloadState,
  options: DeriveOptions<WorkloadEventType> = {},
): WorkloadEvent[] {
  const { deleted = false, replayed = false, lastType } = options;
  const event = (type: WorkloadEventType): WorkloadEvent => ({ ...after, type, replayed });
  if (deleted) return [event("deleted")];
  const known = before?.uid === after.uid ? before : undefined;
  if (known !== undefined && !replayed && sameState(known, after)) return [];
  const type = typeOf(after, known, lastType);
  if (known !== undefined || replayed) return [event(type)];
  return type === "progressing" ? [event("created")] : [event("created"), event(type)];
}

/** The type of the event that tells a workload's present state. */
function typeOf(
  state: WorkloadState,
  before: WorkloadState | undefined,
  lastType: WorkloadEventType | undefined,
): WorkloadEventType {
  if (state.complete) return "succeeded";
  if (state.stalled) return "stalled";
  if (state.ready) return "ready";
  // workers that end are what it is for: that fewer run for a moment is no degradation
  if (state.kind === "Job" || state.kind === "CronJob") return "progressing";
  if (before === undefined) return isBelow(state) ? "degraded" : "progressing";
  // what was ready by the same definition lacks pods; a new definition is on its way
  const isSameDefinition = generationOf(before) === generationOf(state);
  const wasReady = before.ready || lastType === "degraded";
  return wasReady && isSameDefinition && state.availableReplicas < state.replicas
    ? "degraded"
    : "progressing";
}

function generationOf({ source }: WorkloadState): number | undefined {
  return source.metadata?.generation ?? undefined;
}

/** Whether a Deployment has been complete and fewer are available than it can do without. */
function isBelow(state: WorkloadState): boolean {
  if (state.kind !== "Deployment") return false;
  const { conditions } = state.source.status ?? {};
  return conditions?.some((c) => c.reason === "NewReplicaSetAvailable") === true &&
    conditions.some((c) => c.type === "Available" && c.status === "False");
}
