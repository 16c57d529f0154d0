/**
 * What to do about a replica set: a pure function of what is seen.
 *
 * @module
 */
import {
  availableIn,
  conditionOf,
  controlledBy,
  type Draft,
  isDeleting,
  isReady,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  sameJson,
  timestamp,
} from "../objects/mod.ts";
import type { PodFailure } from "./pod_control.ts";
import { rankForDeletion, type RankingView } from "./pod_ranking.ts";
import { replicasOf } from "./rollout_math.ts";

/** Pods that one pass creates or deletes at most; mirrors BurstReplicas. */
const BURST = 500;

/** A generated name has 63 characters at most, the last 5 of them random. */
const NAME_PREFIX_LENGTH = 58;

/** What a decision about a replica set is made from. */
export interface ReplicaSetView extends RankingView {
  readonly set: ReplicaSet;
  /** The active pods that it has. */
  readonly pods: readonly Pod[];
}

/** How many pods to create, or which to delete. */
export interface PodPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/** Decides which pods are to come or go. */
export function planPods({ set, pods, ...view }: ReplicaSetView): PodPlan {
  if (isDeleting(set)) return { create: 0, remove: [] };
  const excess = pods.length - replicasOf(set);
  if (excess <= 0) return { create: Math.min(-excess, BURST), remove: [] };
  const count = Math.min(excess, BURST);
  return {
    create: 0,
    remove: count < pods.length ? rankForDeletion(pods, view).slice(0, count) : pods,
  };
}

/** The pod that a replica set makes; the server completes its name. */
export function podOf(set: ReplicaSet): Draft & { readonly spec: unknown } {
  const { metadata: { labels, annotations, finalizers } = {}, spec } = set.spec.template;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${set.metadata.name}-`.slice(0, NAME_PREFIX_LENGTH),
      namespace: set.metadata.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controlledBy(set)],
    },
    spec,
  };
}

/** The status to write, if it changes, and in how many ms a pod becomes available. */
export interface StatusPlan {
  readonly status?: ReplicaSetStatus;
  readonly after?: number;
}

/** Decides what the status should say. */
export function planStatus(
  { set, pods, now }: ReplicaSetView,
  failure?: PodFailure,
): StatusPlan {
  const labels = Object.entries(set.spec.template.metadata?.labels ?? {});
  const delays = pods.map((pod) => availableIn(pod, set.spec.minReadySeconds ?? 0, now));
  const status = {
    replicas: pods.length,
    fullyLabeledReplicas:
      pods.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
        .length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: delays.filter((delay) => delay === 0).length,
    observedGeneration: set.metadata.generation ?? 0,
    conditions: conditionsOf(set, failure, now),
  };
  const waits = delays.filter((delay) => delay !== undefined && delay > 0) as number[];
  return {
    status: sameJson(compact(status), compact(set.status)) ? undefined : compact(status),
    after: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

function conditionsOf(set: ReplicaSet, failure: PodFailure | undefined, now: number) {
  const present = set.status?.conditions ?? [];
  const others = present.filter(({ type }) => type !== "ReplicaFailure");
  if (!failure) return others;
  const known = conditionOf(present, "ReplicaFailure");
  if (known?.status === "True" && known.reason === failure.reason) return present;
  const lastTransitionTime = timestamp(now);
  return [...others, { type: "ReplicaFailure", status: "True", lastTransitionTime, ...failure }];
}

/** A status as the API writes it: what is zero is left out, except for `replicas`. */
function compact(status: ReplicaSetStatus | undefined): ReplicaSetStatus {
  const { replicas = 0, ...rest } = status ?? {};
  const entries = Object.entries(rest)
    .filter(([, value]) => value !== 0 && (!Array.isArray(value) || value.length > 0));
  return { replicas, ...Object.fromEntries(entries) };
}
