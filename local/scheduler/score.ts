/**
 * How well a node that suits a pod suits it. The parts and their weights follow the real
 * scheduler's defaults: free room (1), spreading the pods of one controller (2), preferred
 * node affinity (2), taints that would rather not have it (3). Each part is from 0 to 100.
 *
 * @module
 */
import { isTolerated, selectsNodeByTerm } from "../objects/mod.ts";
import type { NodeInfo } from "./node_info.ts";
import type { PodInfo } from "./pod_info.ts";

const WEIGHT = { room: 1, spread: 2, affinity: 2, taints: 3 } as const;

/** The nodes that suit the pod best; all of them score the same. */
export function best(pod: PodInfo, nodes: readonly NodeInfo[]): NodeInfo[] {
  if (nodes.length <= 1) return [...nodes];
  const { owner } = pod;
  const siblings = owner === undefined ? undefined : nodes.map((node) => node.countOf(owner));
  const affinities = preferences(pod, nodes);
  const taints = nodes.map((node) => unwelcome(pod, node));
  const most = {
    siblings: Math.max(...siblings ?? [0]),
    affinity: Math.max(...affinities),
    taints: Math.max(...taints),
  };
  const scores = nodes.map((node, i) =>
    WEIGHT.room * room(pod, node) +
    WEIGHT.spread * inverse(siblings?.[i] ?? 0, most.siblings) +
    WEIGHT.affinity * (most.affinity > 0 ? (affinities[i] ?? 0) / most.affinity * 100 : 0) +
    WEIGHT.taints * inverse(taints[i] ?? 0, most.taints)
  );
  const highest = Math.max(...scores);
  return nodes.filter((_, i) => scores[i] === highest);
}

/** The share of cpu and memory that would be left. */
function room({ cost }: PodInfo, { allocatable, cost: taken }: NodeInfo): number {
  return (left(allocatable.cpu, taken.cpu + cost.cpu) +
    left(allocatable.memory, taken.memory + cost.memory)) / 2;
}

function left(allocatable: number | undefined, taken: number): number {
  if (!allocatable || taken > allocatable) return 0;
  return Math.floor((allocatable - taken) * 100 / allocatable);
}

function inverse(count: number, most: number): number {
  return most > 0 ? Math.floor((most - count) * 100 / most) : 100;
}

function preferences({ pod }: PodInfo, nodes: readonly NodeInfo[]): number[] {
  const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  if (!terms) return nodes.map(() => 0);
  return nodes.map(({ name, node }) => {
    const target = { name, labels: node?.metadata.labels };
    return terms.reduce(
      (sum, { weight, preference }) => selectsNodeByTerm(preference, target) ? sum + weight : sum,
      0,
    );
  });
}

function unwelcome({ pod }: PodInfo, { taints }: NodeInfo): number {
  let count = 0;
  for (const taint of taints) {
    if (taint.effect === "PreferNoSchedule" && !isTolerated(taint, pod.spec.tolerations)) count++;
  }
  return count;
}
