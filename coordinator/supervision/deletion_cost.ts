/**
 * Which workers go first when there are to be fewer: idle ones, then the youngest.
 *
 * Kubernetes itself takes pods first that are not yet ready, and among the ready ones those with the
 * least annotation `controller.kubernetes.io/pod-deletion-cost` (from 1.22 on; older ones pass over it
 * and take the youngest). A pod without one costs 0. The annotation is advice for this one scaling: it
 * is written with the pod's uid and version as precondition, and is not recorded elsewhere.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isConflict, isForbidden, isNotFound, ObjectApi, PODS } from "../../kube/mod.ts";

/** Annotation by which a pod's end is said to cost more or less than that of others. */
export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** Least cost that Kubernetes knows: it is an int32. */
const LEAST_COST = -(2 ** 31);

/** Options of {@linkcode planDeletionCosts}. */
export interface DeletionCostOptions {
  /** How many workers remain. */
  keep: number;
  /**
   * Whether a worker has nothing to do.
   * @default none has
   */
  idle?: (pod: Pod) => boolean;
}

/** A pod, and the cost to write to it. */
export interface DeletionCost {
  readonly pod: Pod;
  readonly cost: number;
}

/** Tells which pods must have which cost, of those that have another one. */
export function planDeletionCosts(
  pods: readonly Pod[],
  { keep, idle = () => false }: DeletionCostOptions,
): DeletionCost[] {
  const active = pods.filter(({ metadata, status }) =>
    metadata?.deletionTimestamp == null && status?.phase !== "Failed" &&
    status?.phase !== "Succeeded"
  );
  const ranked = active.map((pod) => ({ pod, rank: [isReady(pod), !idle(pod), -bornAt(pod)] }))
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ pod }) => pod);
  const gone = ranked.slice(0, Math.max(0, ranked.length - keep)).filter(isReady);
  const kept = ranked.slice(Math.max(0, ranked.length - keep));
  if (gone.length === 0 || kept.length === 0) return [];
  const raised = kept.filter((pod) => costOf(pod) <= LEAST_COST).map((pod) => ({ pod, cost: 0 }));
  const least = Math.min(0, ...kept.map(costOf).filter((cost) => cost > LEAST_COST));
  const lowered = gone.filter((pod) => costOf(pod) >= least).map((pod) => ({
    pod,
    cost: least - 1,
  }));
  return [...raised, ...lowered];
}

/** Options of {@linkcode prepareScaleDown}. */
export interface PrepareScaleDownOptions {
  client: RestClient;
  namespace: string;
  fieldManager: string;
  /** How many workers remain. */
  keep: number;
  /** Whether a worker has nothing to do; it is asked of each that runs. */
  idle?: (pod: Pod) => boolean | Promise<boolean>;
  signal: AbortSignal;
}

/**
 * Writes the costs that `planDeletionCosts` tells, to pods that are still there.
 *
 * A coordinator that may not write to pods scales all the same, unless it was told which are idle.
 */
export async function prepareScaleDown(
  pods: readonly Pod[],
  { client, namespace, fieldManager, keep, idle, signal }: PrepareScaleDownOptions,
): Promise<void> {
  const answers = await Promise.all(pods.map((pod) => idle?.(pod) ?? false));
  const idlers = new Set(pods.filter((_, index) => answers[index]));
  const api = new ObjectApi(client, PODS, namespace);
  const costs = planDeletionCosts(pods, { keep, idle: (pod) => idlers.has(pod) });
  await Promise.all(costs.map(async ({ pod, cost }) => {
    const patch = { metadata: { annotations: { [DELETION_COST]: String(cost) } } };
    let read: Pod | undefined = pod;
    while (read !== undefined && read.metadata?.uid === pod.metadata?.uid) {
      try {
        await api.merge(read, patch, { fieldManager, signal });
        return;
      } catch (error) {
        if (isNotFound(error) || (isForbidden(error) && idle === undefined)) return;
        if (!isConflict(error)) throw error;
      }
      read = await api.get(pod.metadata!.name!, { signal }); // its status has changed, say
    }
  }));
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false;
}

function costOf({ metadata }: Pod): number {
  const cost = Number(metadata?.annotations?.[DELETION_COST] ?? 0);
  return Number.isInteger(cost) && cost >= LEAST_COST ? cost : 0;
}

function bornAt({ metadata }: Pod): number {
  return metadata?.creationTimestamp?.getTime() ?? 0;
}

/** What is `false` or less comes first. */
function compare(a: readonly (boolean | number)[], b: readonly (boolean | number)[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = Number(a[i]) - Number(b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}
