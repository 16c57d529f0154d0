/**
 * The status of a deployment.
 *
 * @module
 */
import {
  type Condition,
  conditionOf,
  type Deployment,
  type DeploymentStatus,
  type ReplicaSet,
  timestamp,
  withCondition,
} from "../objects/mod.ts";
import { maxUnavailable, replicasOf, totalReplicas, totalStatus } from "./rollout_math.ts";

/** Reasons of the condition Progressing, as kubectl and others read them. */
export const REASON = {
  newReplicaSet: "NewReplicaSetCreated",
  found: "FoundNewReplicaSet",
  updated: "ReplicaSetUpdated",
  complete: "NewReplicaSetAvailable",
  timedOut: "ProgressDeadlineExceeded",
  failed: "ReplicaSetCreateError",
  paused: "DeploymentPaused",
  resumed: "DeploymentResumed",
} as const;

/** A deadline that never comes, as the API writes it: the largest int32. */
const NO_DEADLINE = 2 ** 31 - 1;

/** A condition that is to be set, without its times. */
export type NewCondition = Pick<Condition, "type" | "status" | "reason" | "message">;

/** In how many ms a rollout must make progress; `undefined` when it may take for ever. */
export function deadlineOf(deployment: Deployment): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds === undefined || seconds === NO_DEADLINE ? undefined : seconds * 1000;
}

/**
 * The conditions with `wanted` set. One that only differs in its message stays as it is; the
 * time of the last transition only moves when the status does.
 */
export function setCondition(
  conditions: readonly Condition[],
  wanted: NewCondition,
  now: number,
): readonly Condition[] {
  const current = conditionOf(conditions, wanted.type);
  if (current?.status === wanted.status && current?.reason === wanted.reason) return conditions;
  const at = timestamp(now);
  const since = current?.status === wanted.status ? current.lastTransitionTime ?? at : at;
  return withCondition(conditions, { ...wanted, lastUpdateTime: at, lastTransitionTime: since });
}

/** The conditions without one type. */
export function withoutCondition(
  conditions: readonly Condition[],
  type: string,
): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

/** The status that follows from the replica sets, with the conditions that the old one had. */
export function statusOf(
  deployment: Deployment,
  { all, newest }: { all: readonly ReplicaSet[]; newest: ReplicaSet | undefined },
  now: number,
): DeploymentStatus {
  const available = totalStatus(all, "availableReplicas");
  const isAvailable = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const conditions = setCondition(deployment.status?.conditions ?? [], {
    type: "Available",
    status: isAvailable ? "True" : "False",
    reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: `Deployment ${isAvailable ? "has" : "does not have"} minimum availability.`,
  }, now);
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: totalStatus(all, "replicas"),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: totalStatus(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalReplicas(all) - available),
    collisionCount: deployment.status?.collisionCount,
    conditions,
  };
}

/** Whether the rollout has come to its end: all pods are of the newest kind and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (status?.updatedReplicas ?? 0) === wanted && (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

/**
 * The status with what it says of progress: complete, moving, or past its deadline; and with
 * the failure of a replica set to make pods.
 */
export function withProgress(
  deployment: Deployment,
  { all, newest }: { all: readonly ReplicaSet[]; newest: ReplicaSet | undefined },
  { status, now }: { status: DeploymentStatus; now: number },
): DeploymentStatus {
  let conditions = progress(deployment, { status, newest, now });
  const failure = failureOf(all, newest);
  conditions = failure
    ? setCondition(conditions, failure, now)
    : withoutCondition(conditions, "ReplicaFailure");
  return { ...status, conditions };
}

function progress(
  deployment: Deployment,
  { status, newest, now }: {
    status: DeploymentStatus;
    newest: ReplicaSet | undefined;
    now: number;
  },
): readonly Condition[] {
  const conditions = status.conditions ?? [];
  const deadline = deadlineOf(deployment);
  if (deadline === undefined) return withoutCondition(conditions, "Progressing");
  const current = conditionOf(deployment.status?.conditions, "Progressing");
  const isSettled = status.replicas === status.updatedReplicas &&
    current?.reason === REASON.complete;
  if (isSettled) return conditions;
  const subject = newest
    ? `ReplicaSet "${newest.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  const type = "Progressing";
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return setCondition(
      conditions,
      { type, status: "True", reason: REASON.complete, message },
      now,
    );
  }
  if (hasProgressed(deployment.status, status)) {
    // set anew even if nothing but the time changes: the deadline counts from here
    const at = timestamp(now);
    const since = current?.status === "True" ? current.lastTransitionTime ?? at : at;
    return withCondition(conditions, {
      type,
      status: "True",
      reason: REASON.updated,
      message: `${subject} is progressing.`,
      lastUpdateTime: at,
      lastTransitionTime: since,
    });
  }
  if (hasTimedOut(status, { deadline, now })) {
    const message = `${subject} has timed out progressing.`;
    return setCondition(
      conditions,
      { type, status: "False", reason: REASON.timedOut, message },
      now,
    );
  }
  return conditions;
}

function hasProgressed(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const old = (status?: DeploymentStatus) =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0);
}

/** Since when the rollout has made no progress, in ms; `undefined` when it need not. */
function waitingSince(status: DeploymentStatus): number | undefined {
  const current = conditionOf(status.conditions, "Progressing");
  if (!current || current.reason === REASON.complete) return undefined;
  return Date.parse(current.lastUpdateTime ?? "");
}

function hasTimedOut(
  status: DeploymentStatus,
  { deadline, now }: { deadline: number; now: number },
): boolean {
  const current = conditionOf(status.conditions, "Progressing");
  if (current?.reason === REASON.timedOut) return true;
  const since = waitingSince(status);
  return since !== undefined && since + deadline < now;
}

/** In how many ms to look whether the rollout has passed its deadline, if it has one. */
export function deadlineIn(
  deployment: Deployment,
  status: DeploymentStatus,
  now: number,
): number | undefined {
  const deadline = deadlineOf(deployment);
  const since = waitingSince(status);
  const reason = conditionOf(status.conditions, "Progressing")?.reason;
  if (deadline === undefined || since === undefined || reason === REASON.timedOut) {
    return undefined;
  }
  if (isComplete(deployment, status) || deployment.spec.paused) return undefined;
  // a second later, as conditions' times are in whole seconds
  return Math.max(0, since + deadline - now) + 1000;
}

/** The failure to make pods: that of the newest replica set, or else of any. */
function failureOf(
  all: readonly ReplicaSet[],
  newest: ReplicaSet | undefined,
): NewCondition | undefined {
  for (const set of newest ? [newest, ...all] : all) {
    const failure = conditionOf(set.status?.conditions, "ReplicaFailure");
    if (failure?.status === "True") {
      const { type, status, reason, message } = failure;
      return { type, status, reason, message };
    }
  }
  return undefined;
}
