/**
 * The revisions of a deployment, kept in annotations of its replica sets: what
 * `kubectl rollout history` and `undo` read.
 *
 * @module
 */
import {
  byAge,
  type Deployment,
  isDeleting,
  type Labels,
  type ReplicaSet,
} from "../objects/mod.ts";
import { countOf, DESIRED_REPLICAS, MAX_REPLICAS, maxSurge, replicasOf } from "./rollout_math.ts";

/** The number of the rollout that made, or last revived, a replica set. */
export const REVISION = "deployment.kubernetes.io/revision";
/** The revisions that a replica set had before, separated by commas. */
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";

/** Annotations of a deployment that do not go to its replica sets. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** Longest history that an annotation may hold, in characters; the oldest go first. */
const HISTORY_LENGTH = 2000;

/** Keeps all when no limit is set: the API's largest int32. */
const NO_LIMIT = 2 ** 31 - 1;

/** The revision of a replica set; 0 when it has none. */
export function revisionOf(set: ReplicaSet): number {
  return countOf(set, REVISION) ?? 0;
}

/** The revision after all of these. */
export function nextRevision(old: readonly ReplicaSet[]): number {
  return old.reduce((highest, set) => Math.max(highest, revisionOf(set)), 0) + 1;
}

/** The annotations that say for how large a deployment a replica set was scaled. */
export function sizeAnnotations(deployment: Deployment): Labels {
  const wanted = replicasOf(deployment);
  return {
    [DESIRED_REPLICAS]: String(wanted),
    [MAX_REPLICAS]: String(wanted + maxSurge(deployment)),
  };
}

/** The annotations of the newest replica set, from what it has and what the deployment has. */
export function newestAnnotations(
  deployment: Deployment,
  current: Labels | undefined,
  revision: number,
): Labels {
  const annotations: Record<string, string> = { ...current };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN_ANNOTATIONS.has(key)) annotations[key] = value;
  }
  const before = current?.[REVISION];
  if (Number(before ?? 0) < revision) {
    annotations[REVISION] = String(revision);
    if (before !== undefined) {
      annotations[REVISION_HISTORY] = history(current?.[REVISION_HISTORY], before);
    }
  }
  return annotations;
}

function history(present: string | undefined, revision: string): string {
  const revisions = present ? present.split(",") : [];
  revisions.push(revision);
  while (revisions.length > 1 && revisions.join(",").length > HISTORY_LENGTH) revisions.shift();
  return revisions.join(",");
}

/** The old replica sets beyond the history limit, which may be deleted. */
export function surplus(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? NO_LIMIT;
  const alive = old.filter((set) => !isDeleting(set));
  const excess = alive.length - limit;
  if (excess <= 0) return [];
  return alive.sort((a, b) => revisionOf(a) - revisionOf(b) || byAge(a, b))
    .slice(0, excess)
    .filter((set) =>
      replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0 &&
      (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0)
    );
}
