import { sameState } from "./same_state.ts";
import type { PodEvent, PodEventType, PodFailure, PodState } from "./pod_event.ts";
import { conditionOf, containerStatuses, podProblem, signalOf } from "./pod_failure.ts";

/** What is known of a change beside the states. */
export interface DeriveOptions<Type extends string> {
  /** The object is gone. */
  deleted?: boolean;
  /** The state comes from a list that tells what is there. */
  replayed?: boolean;
  /** The type of the event that told the state before. */
  lastType?: Type;
}

/**
 * What a handler is told of a pod: from the state that it heard last and the present one, between
 * which any number of states may have been left out.
 *
 * The last event is always the one that names the present state; events of what happened on the
 * way (`restarted`, `failing`) come before it. A state that differs in a visible field gives at
 * least one event. One that does not gives none, unless it is replayed; then it gives just its
 * own.
 *
 * @param before what this handler heard last of this very pod; nothing for a pod that is new to it
 */
export function podEvents(
  before: PodState | undefined,
  after: PodState,
  options: DeriveOptions<PodEventType> = {},
): PodEvent[] {
  const { deleted = false, replayed = false, lastType } = options;
  const common = { ...after, kind: "Pod", replayed } as const;
  if (deleted) return [{ ...common, type: "deleted" }];
  const known = before?.uid === after.uid ? before : undefined;
  const isSame = known !== undefined && sameState(known, after);
  if (isSame && !replayed) return [];
  const type = typeOf(after, known, lastType);
  // of what is new to the handler and old itself, nobody knows when it happened
  const tellsPast = !isSame && (known !== undefined || !replayed);
  const past = tellsPast ? pastEvents(known, after, { type, replayed }) : [];
  return [...past, presentEvent(type, after, replayed)];
}

function pastEvents(
  before: PodState | undefined,
  after: PodState,
  { type, replayed }: { type: PodEventType; replayed: boolean },
): PodEvent[] {
  const { failure } = after;
  const isNews = failure !== undefined && before?.failure !== failure;
  return isNews && type !== "failing"
    ? [...restarts(before, after, replayed), failing(after, failure, replayed)]
    : restarts(before, after, replayed);
}

function restarts(
  before: PodState | undefined,
  after: PodState,
  replayed: boolean,
): PodEvent[] {
  const counts = new Map(
    before &&
      containerStatuses(before.source).map(({ name, restartCount }) => [name, restartCount]),
  );
  return containerStatuses(after.source).flatMap((status): PodEvent[] => {
    const times = status.restartCount - (counts.get(status.name) ?? 0);
    if (times <= 0) return [];
    const ended = status.lastState?.terminated ?? status.state?.terminated;
    return [{
      ...after,
      kind: "Pod",
      type: "restarted",
      replayed,
      container: status.name,
      times,
      exitCode: ended?.exitCode ?? after.exitCode,
      signal: ended ? signalOf(ended) : after.signal,
      reason: ended?.reason || undefined,
      message: ended?.message || undefined,
    }];
  });
}

function presentEvent(type: PodEventType, state: PodState, replayed: boolean): PodEvent {
  const { failure, node } = state;
  if (type === "failing" && failure !== undefined) return failing(state, failure, replayed);
  // the type was chosen by the fields that its event promises
  return { ...state, kind: "Pod", type, replayed, node } as PodEvent;
}

function failing(state: PodState, failure: PodFailure, replayed: boolean): PodEvent {
  const found = podProblem(state.source);
  return {
    ...state,
    kind: "Pod",
    type: "failing",
    replayed,
    failure,
    reason: failure,
    problem: found?.problem ?? failure,
    container: found?.container,
  };
}

/** The type of the event that tells a pod's present state. */
function typeOf(
  state: PodState,
  before: PodState | undefined,
  lastType: PodEventType | undefined,
): PodEventType {
  const { phase, failure, node, source } = state;
  if (state.terminating) return "terminating";
  if (phase === "Succeeded") return "succeeded";
  if (phase === "Failed") return "failed";
  if (failure !== undefined) return "failing";
  if (state.ready) return "ready";
  if (before?.ready || before && lastType === "unready" || wasReady(state)) return "unready";
  if (state.running) return "running";
  if (phase === "Running") return isWhole(state) ? "starting" : "unready";
  if (node === undefined) return "pending";
  const { startTime, containerStatuses } = source.status ?? {};
  return startTime != null || containerStatuses?.length ? "starting" : "scheduled";
}

/**
 * Whether a pod that is not ready has been, since its containers run: a kubelet first calls a pod
 * not ready before it begins them.
 */
function wasReady({ source }: PodState): boolean {
  const since = conditionOf(source, "Ready")?.lastTransitionTime?.getTime();
  const begun = source.status?.containerStatuses
    ?.map(({ state }) => state?.running?.startedAt?.getTime() ?? Infinity) ?? [];
  return since !== undefined && begun.length > 0 && begun.every((time) => time < since);
}

/** Whether all containers run, or have ended well and stay so. */
function isWhole({ source }: PodState): boolean {
  const { restartPolicy } = source.spec ?? {};
  return source.status?.containerStatuses?.every(({ state }) =>
    state?.running != null ||
    state?.terminated?.exitCode === 0 && (restartPolicy ?? "Always") !== "Always"
  ) ?? true;
}
