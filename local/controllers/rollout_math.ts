/**
 * The numbers of a rollout: how many pods each replica set of a deployment may have.
 *
 * @module
 */
import type { Deployment, IntOrPercent, ReplicaSet } from "../objects/mod.ts";

/** Replicas that a replica set's deployment wanted when it was last scaled. */
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
/** Most pods that the deployment allowed when the replica set was last scaled. */
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** Wanted replicas; 1 when unset. */
export function replicasOf(item: Deployment | ReplicaSet): number {
  return item.spec.replicas ?? 1;
}

/** The sum of wanted replicas. */
export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

/** The sum of one count of the status. */
export function totalStatus(
  sets: readonly ReplicaSet[],
  field: "replicas" | "readyReplicas" | "availableReplicas",
): number {
  return sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);
}

/** Whether the deployment replaces its pods step by step. */
export function isRolling(deployment: Deployment): boolean {
  return (deployment.spec.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

/**
 * How many pods there may be above, and be missing below, the wanted number. Shares are
 * rounded up for the surge and down for what may be missing; both are never 0, or nothing
 * could move.
 */
export function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const wanted = replicasOf(deployment);
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const surge = shareOf(rolling?.maxSurge ?? "25%", wanted, Math.ceil);
  const unavailable = shareOf(rolling?.maxUnavailable ?? "25%", wanted, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** The most pods that may exist above the wanted number. */
export function maxSurge(deployment: Deployment): number {
  return fenceposts(deployment).surge;
}

/** The most pods that may be missing; never more than are wanted. */
export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

/** A number, or a share of `of` that is rounded by `round`. */
export function shareOf(
  value: IntOrPercent,
  of: number,
  round: (n: number) => number,
): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  // multiplied before divided, so that 10% of 30 is exactly 3
  return percent === undefined ? 0 : round(Number(percent) * of / 100);
}

/** How many replicas the newest replica set may have now, beside all the others. */
export function newReplicas(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newest: ReplicaSet,
): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - totalReplicas(all);
  if (room <= 0) return replicasOf(newest);
  return replicasOf(newest) + Math.min(room, wanted - replicasOf(newest));
}

/**
 * How a deployment that is scaled in the middle of a rollout shares the change between its
 * replica sets: in proportion to their sizes, the rest to the largest.
 *
 * @returns The new size of each replica set, by its uid.
 */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): Map<string, number> {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - totalReplicas(active);
  // growing begins with the newest of the largest, shrinking with the oldest of them
  const sorted = [...active].sort((a, b) =>
    replicasOf(b) - replicasOf(a) || (toAdd > 0 ? ageOrder(b, a) : ageOrder(a, b))
  );
  const sizes = new Map<string, number>();
  let added = 0;
  for (const set of sorted) {
    const share = proportion(deployment, set, { toAdd, added });
    sizes.set(set.metadata.uid, replicasOf(set) + share);
    added += share;
  }
  const [largest] = sorted;
  if (largest && toAdd !== 0) {
    const size = (sizes.get(largest.metadata.uid) ?? 0) + toAdd - added;
    sizes.set(largest.metadata.uid, Math.max(0, size));
  }
  return sizes;
}

function proportion(
  deployment: Deployment,
  set: ReplicaSet,
  { toAdd, added }: { toAdd: number; added: number },
): number {
  if (replicasOf(set) === 0 || toAdd === 0 || toAdd === added) return 0;
  const share = fairShare(deployment, set);
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}

function fairShare(deployment: Deployment, set: ReplicaSet): number {
  const wanted = replicasOf(deployment);
  if (wanted === 0) return -replicasOf(set);
  const before = countOf(set, MAX_REPLICAS) ?? deployment.status?.replicas ?? 0;
  if (before === 0) return 0;
  const size = replicasOf(set) * (wanted + maxSurge(deployment)) / before;
  return Math.round(size) - replicasOf(set);
}

/** A count that is kept in an annotation. */
export function countOf(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function ageOrder(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  return left < right ? -1 : left > right ? 1 : a.metadata.name < b.metadata.name ? -1 : 1;
}
