/**
 * Which pods of a replica set go first when there are too many.
 *
 * @module
 */
import { conditionOf, isReady, type Pod } from "../objects/mod.ts";

/** An annotation by which a user says how much a pod's end would cost; cheaper ones go first. */
export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** What a ranking looks at beside the pods themselves. */
export interface RankingView {
  /** How many active pods of the same workload are on that node. */
  readonly crowdOn: (nodeName: string) => number;
  /** Wall clock, in ms. */
  readonly now: number;
}

/**
 * The pods in the order in which they should go: unscheduled, pending, not ready, cheap,
 * crowded, recently ready, often restarted, young. Times of readiness are compared by their
 * order of magnitude, so that old pods go at random rather than all of one rollout first.
 */
export function rankForDeletion(pods: readonly Pod[], view: RankingView): Pod[] {
  const ranked = pods.map((pod) => ({ pod, rank: rankOf(pod, view) }));
  ranked.sort((a, b) => compare(a.rank, b.rank));
  return ranked.map(({ pod }) => pod);
}

/** Each number decides when all before it are equal; the smaller one goes first. */
type Rank = readonly (number | string)[];

function rankOf(pod: Pod, { crowdOn, now }: RankingView): Rank {
  const { nodeName } = pod.spec;
  const ready = isReady(pod);
  const since = conditionOf(pod.status?.conditions, "Ready")?.lastTransitionTime;
  const restarts = (pod.status?.containerStatuses ?? []).map((one) => one.restartCount ?? 0);
  return [
    nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? "Pending"] ?? 0,
    ready ? 1 : 0,
    deletionCost(pod),
    nodeName ? -crowdOn(nodeName) : 0,
    ready ? magnitude(since, now) : 0,
    -Math.max(0, ...restarts),
    magnitude(pod.metadata.creationTimestamp, now),
    pod.metadata.uid,
  ];
}

function compare(a: Rank, b: Rank): number {
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

/** The order of magnitude of an age, to the base 2; a time that is not known is the youngest. */
function magnitude(since: string | undefined, now: number): number {
  if (!since) return -1;
  const seconds = (now - Date.parse(since)) / 1000;
  return seconds < 1 ? 0 : Math.floor(Math.log2(seconds)) + 1;
}
