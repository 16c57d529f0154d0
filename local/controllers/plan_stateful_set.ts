/**
 * What to do about a stateful set: a pure function of what is seen.
 *
 * In order (`OrderedReady`) there is at most one creation or deletion at a time, and nothing
 * happens until the pods before it are ready; in parallel only updates keep an order.
 *
 * @module
 */
import {
  type ControllerRevision,
  isDeleting,
  isTerminal,
  type Pod,
  type StatefulSet,
} from "../objects/mod.ts";
import { type FindClaim, hasStaleClaims } from "./stateful_claims.ts";
import { ordinalOf, ordinalRange, podRevision, settledIn } from "./stateful_pods.ts";

/** What a decision about a stateful set is made from. */
export interface StatefulSetView {
  readonly set: StatefulSet;
  /** All pods that it has, also those that have ended. */
  readonly pods: readonly Pod[];
  /** What pods below the partition are made from. */
  readonly current: ControllerRevision;
  /** What all others are made from. */
  readonly update: ControllerRevision;
  readonly findClaim: FindClaim;
  /** Wall time in ms. */
  readonly now: number;
}

/** A creation or a deletion. */
export type StatefulAction =
  | { readonly do: "create"; readonly ordinal: number; readonly revision: ControllerRevision }
  /** `ended`: it failed or succeeded, and the next pass makes another one. */
  | { readonly do: "delete"; readonly pod: Pod; readonly ended: boolean };

/** The pods of a stateful set by their place. */
export interface StatefulPods {
  /** From the first ordinal on; places may be empty. */
  readonly replicas: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Beyond the wanted number, the highest ordinal first. */
  readonly condemned: readonly { readonly ordinal: number; readonly pod: Pod }[];
}

/** Sorts the pods of a set by their place. */
export function placesOf(set: StatefulSet, pods: readonly Pod[]): StatefulPods {
  const { start, end } = ordinalRange(set);
  const byOrdinal = new Map<number, Pod>();
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  const replicas = Array.from({ length: end - start }, (_, i) => {
    return { ordinal: start + i, pod: byOrdinal.get(start + i) };
  });
  const condemned = [...byOrdinal].filter(([ordinal]) => ordinal < start || ordinal >= end)
    .sort(([a], [b]) => b - a).map(([ordinal, pod]) => ({ ordinal, pod }));
  return { replicas, condemned };
}

/** Decides which pods are to come or go. */
export function planStatefulPods(view: StatefulSetView): StatefulAction[] {
  const { set, now } = view;
  if (isDeleting(set)) return [];
  const inOrder = set.spec.podManagementPolicy !== "Parallel";
  const places = placesOf(set, view.pods);
  const isSettled = (pod: Pod) => settledIn(pod, set, now) === 0;
  const actions: StatefulAction[] = [];

  for (const { ordinal, pod } of places.replicas) {
    const action = pod ? replacement(pod) : creation(view, ordinal);
    if (action) actions.push(action);
    if (inOrder && (!pod || action || !isSettled(pod))) return actions;
  }

  const unhealthy = firstUnhealthy(places, isSettled);
  for (const { pod } of places.condemned) {
    if (!isDeleting(pod)) {
      // one that is broken may go although it is not ready, as nothing else would mend it
      if (inOrder && !isSettled(pod) && pod !== unhealthy) return actions;
      actions.push({ do: "delete", pod, ended: false });
    }
    if (inOrder) return actions;
  }

  const outdated = nextToUpdate(view, places, isSettled);
  const isTaken = actions.some((action) => action.do === "delete" && action.pod === outdated);
  if (outdated && !isTaken) actions.push({ do: "delete", pod: outdated, ended: false });
  return actions;
}

/** Ended pods make room for another one. */
function replacement(pod: Pod): StatefulAction | undefined {
  return isTerminal(pod) && !isDeleting(pod) ? { do: "delete", pod, ended: true } : undefined;
}

function creation(view: StatefulSetView, ordinal: number): StatefulAction | undefined {
  const { set, current, update, findClaim } = view;
  if (hasStaleClaims(set, ordinal, findClaim)) return undefined;
  const isOld = isRolling(set) && ordinal < ordinalRange(set).start + partitionOf(set);
  return { do: "create", ordinal, revision: isOld ? current : update };
}

/** From the highest ordinal down: the first that is not up to date, if all above it are well. */
function nextToUpdate(
  { set, update }: StatefulSetView,
  { replicas }: StatefulPods,
  isSettled: (pod: Pod) => boolean,
): Pod | undefined {
  if (!isRolling(set)) return undefined;
  for (let i = replicas.length - 1; i >= partitionOf(set); i--) {
    const pod = replicas[i]?.pod;
    if (!pod) return undefined;
    if (podRevision(pod) !== update.metadata.name && !isDeleting(pod)) return pod;
    if (!isSettled(pod)) return undefined;
  }
  return undefined;
}

function firstUnhealthy(
  { replicas, condemned }: StatefulPods,
  isSettled: (pod: Pod) => boolean,
): Pod | undefined {
  return [...replicas, ...condemned]
    .filter(({ pod }) => pod && !isSettled(pod))
    .sort((a, b) => a.ordinal - b.ordinal)[0]?.pod;
}

/** Whether pods are replaced when the template changes. */
export function isRolling({ spec }: StatefulSet): boolean {
  return (spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

function partitionOf({ spec }: StatefulSet): number {
  return spec.updateStrategy?.rollingUpdate?.partition ?? 0;
}
