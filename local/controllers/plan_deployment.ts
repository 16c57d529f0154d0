/**
 * What to do about a deployment: a pure function of what is seen, in the order in which
 * Kubernetes decides.
 *
 * @module
 */
import {
  byAge,
  conditionOf,
  type Deployment,
  isDeleting,
  isTerminal,
  type Pod,
  type ReplicaSet,
} from "../objects/mod.ts";
import { deadlineOf, isComplete, REASON, statusOf, withProgress } from "./deployment_status.ts";
import { surplus } from "./revisions.ts";
import { type DeploymentView, type Plan, Rollout } from "./rollout.ts";
import {
  countOf,
  DESIRED_REPLICAS,
  isRolling,
  maxUnavailable,
  newReplicas,
  proportionalSizes,
  replicasOf,
  totalReplicas,
} from "./rollout_math.ts";

/** Decides what to write so that the deployment comes nearer to what its spec says. */
export function planDeployment(view: DeploymentView): Plan {
  const rollout = new Rollout(view);
  const { deployment } = view;
  if (isDeleting(deployment)) {
    rollout.findNewest();
    return rollout.plan(statusOf(rollout.deployment, rollout, rollout.now));
  }
  tellPaused(rollout);
  if (deployment.spec.paused || isBeingScaled(deployment, view.sets)) return rescale(rollout);
  if (isRolling(deployment)) rollingUpdate(rollout);
  else recreate(rollout, view.podsOf);
  return withRolloutStatus(rollout);
}

/** A paused rollout does not run into its deadline. */
function tellPaused(rollout: Rollout): void {
  const { deployment } = rollout;
  if (deadlineOf(deployment) === undefined) return;
  const reason = conditionOf(deployment.status?.conditions, "Progressing")?.reason;
  if (reason === REASON.timedOut) return;
  const said = reason === REASON.paused;
  const paused = deployment.spec.paused === true;
  if (said === paused) return;
  rollout.setCondition({
    type: "Progressing",
    status: "Unknown",
    reason: paused ? REASON.paused : REASON.resumed,
    message: `Deployment is ${paused ? "paused" : "resumed"}`,
  });
}

/** Whether the wanted number changed since the replica sets were last scaled. */
function isBeingScaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = countOf(set, DESIRED_REPLICAS);
    return replicasOf(set) > 0 && desired !== undefined && desired !== replicasOf(deployment);
  });
}

/** Scales what is there without rolling on: while paused, or as the wanted number changed. */
function rescale(rollout: Rollout): Plan {
  rollout.findNewest();
  const { deployment, newest, old } = rollout;
  const active = rollout.all.filter((set) => replicasOf(set) > 0);
  const wanted = replicasOf(deployment);
  const only = active.length === 1 ? active[0] : newest ?? old.sort(byAge).at(-1);
  if (active.length <= 1) {
    if (only) rollout.scale(only, wanted);
  } else if (newest && isSaturated(deployment, newest)) {
    for (const set of old) if (replicasOf(set) > 0) rollout.scale(set, 0);
    rollout.scale(newest, wanted);
  } else if (isRolling(deployment)) {
    const sizes = proportionalSizes(deployment, active);
    for (const set of active) rollout.scale(set, sizes.get(set.metadata.uid) ?? replicasOf(set));
  }
  if (deployment.spec.paused) cleanUp(rollout);
  return rollout.plan(statusOf(rollout.deployment, rollout, rollout.now));
}

/** Whether the newest replica set is all that the deployment needs. */
function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const wanted = replicasOf(deployment);
  return replicasOf(newest) === wanted && countOf(newest, DESIRED_REPLICAS) === wanted &&
    (newest.status?.availableReplicas ?? 0) === wanted;
}

function rollingUpdate(rollout: Rollout): void {
  const newest = rollout.findOrCreateNewest();
  if (growNewest(rollout, newest) || shrinkOld(rollout, newest)) return;
  if (isComplete(rollout.deployment, rollout.deployment.status)) cleanUp(rollout);
}

function growNewest(rollout: Rollout, newest: ReplicaSet): boolean {
  const wanted = replicasOf(rollout.deployment);
  if (replicasOf(newest) === wanted) return false;
  const replicas = replicasOf(newest) > wanted
    ? wanted
    : newReplicas(rollout.deployment, rollout.all, newest);
  return replicas !== replicasOf(newest) && rollout.scale(newest, replicas);
}

/** Takes from the old as many as the newest can spare: first those that are not available. */
function shrinkOld(rollout: Rollout, newest: ReplicaSet): boolean {
  const { deployment } = rollout;
  if (totalReplicas(rollout.old) === 0) return false;
  const least = replicasOf(deployment) - maxUnavailable(deployment);
  const pending = replicasOf(newest) - lasting(newest);
  const room = totalReplicas(rollout.all) - least - pending;
  if (room <= 0) return false;
  const sick = takeFromOld(rollout, room, (set) => replicasOf(set) - lasting(set));
  const spare = rollout.all.reduce((sum, set) => sum + lasting(set), 0) - least;
  const well = takeFromOld(rollout, spare, replicasOf);
  return sick + well > 0;
}

/** How many available pods a set will still have when it has become as small as it shall be. */
function lasting(set: ReplicaSet): number {
  return Math.min(set.status?.availableReplicas ?? 0, replicasOf(set));
}

/** Takes up to `limit` replicas from the old sets, the oldest first; tells how many it took. */
function takeFromOld(
  rollout: Rollout,
  limit: number,
  spareOf: (set: ReplicaSet) => number,
): number {
  let taken = 0;
  for (const set of rollout.old.sort(byAge)) {
    if (taken >= limit) break;
    const share = Math.min(limit - taken, replicasOf(set), spareOf(set));
    if (share > 0 && rollout.scale(set, replicasOf(set) - share)) taken += share;
  }
  return taken;
}

/** Ends all old pods before it makes new ones. */
function recreate(rollout: Rollout, podsOf: DeploymentView["podsOf"]): void {
  rollout.findNewest();
  let scaled = false;
  for (const set of rollout.old) if (replicasOf(set) > 0) scaled = rollout.scale(set, 0) || scaled;
  if (scaled || rollout.old.some((set) => hasRunningPods(set, podsOf(set)))) return;
  const newest = rollout.newest ?? rollout.findOrCreateNewest();
  rollout.scale(newest, replicasOf(rollout.deployment));
  if (isComplete(rollout.deployment, rollout.deployment.status)) cleanUp(rollout);
}

function hasRunningPods(set: ReplicaSet, pods: Iterable<Pod>): boolean {
  if ((set.status?.replicas ?? 0) > 0) return true;
  for (const pod of pods) if (!isTerminal(pod)) return true;
  return false;
}

function cleanUp(rollout: Rollout): void {
  for (const set of surplus(rollout.deployment, rollout.old)) rollout.delete(set);
}

function withRolloutStatus(rollout: Rollout): Plan {
  const { deployment, now } = rollout;
  return rollout.plan(
    withProgress(deployment, rollout, { status: statusOf(deployment, rollout, now), now }),
  );
}
