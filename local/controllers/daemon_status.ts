/**
 * What the status of a daemon set should say: a pure function of what is seen.
 *
 * @module
 */
import { availableIn, type DaemonSetStatus, isReady, sameJson } from "../objects/mod.ts";
import { wantedOn } from "./daemon_pods.ts";
import { type DaemonSetView, isUpdated, podsByNode } from "./plan_daemon_set.ts";

/** The status to write, if it changes, and in how many ms a pod becomes available. */
export interface DaemonStatusPlan {
  readonly status?: DaemonSetStatus;
  readonly after?: number;
}

/** Decides what the status should say. Of several pods on a node the oldest counts. */
export function planDaemonStatus(view: DaemonSetView): DaemonStatusPlan {
  const { set, nodes, pods, now } = view;
  const byNode = podsByNode(pods);
  const count = { desired: 0, current: 0, misplaced: 0, ready: 0, available: 0, updated: 0 };
  let after: number | undefined;
  for (const node of nodes) {
    const all = byNode.get(node.metadata.name) ?? [];
    const [oldest] = all;
    if (!wantedOn(set, node).run) {
      if (oldest) count.misplaced++;
      continue;
    }
    count.desired++;
    if (!oldest) continue;
    count.current++;
    if (isReady(oldest)) count.ready++;
    const delay = availableIn(oldest, set.spec.minReadySeconds ?? 0, now);
    if (delay === 0) count.available++;
    else if (delay !== undefined) after = Math.min(after ?? Infinity, delay);
    if (isUpdated(view, oldest)) count.updated++;
  }
  const status = withoutZeros({
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    currentNumberScheduled: count.current,
    desiredNumberScheduled: count.desired,
    numberMisscheduled: count.misplaced,
    numberReady: count.ready,
    numberAvailable: count.available,
    numberUnavailable: count.desired - count.available,
    updatedNumberScheduled: count.updated,
  });
  return { status: sameJson(status, withoutZeros(set.status)) ? undefined : status, after };
}

/** As the API writes it: what is zero is left out, except for the required counts. */
function withoutZeros(status: Partial<DaemonSetStatus> | undefined): DaemonSetStatus {
  const {
    currentNumberScheduled = 0,
    desiredNumberScheduled = 0,
    numberMisscheduled = 0,
    numberReady = 0,
    ...rest
  } = status ?? {};
  return {
    currentNumberScheduled,
    desiredNumberScheduled,
    numberMisscheduled,
    numberReady,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== 0)),
  };
}
