/**
 * Why a node does not suit a pod, in the words of the real scheduler.
 *
 * @module
 */
import {
  isTolerated,
  type Node,
  type Pod,
  selectsNode,
  UNSCHEDULABLE_TAINT,
} from "../objects/mod.ts";
import type { NodeInfo } from "./node_info.ts";
import type { PodInfo } from "./pod_info.ts";

/**
 * Why a node does not suit a pod, whatever else runs on it: cordoned, tainted, not selected.
 *
 * @returns `undefined` if it does.
 */
export function unsuitable({ pod }: PodInfo, { node, taints }: NodeInfo): string | undefined {
  if (!node) return "node(s) were unschedulable";
  const { tolerations } = pod.spec;
  const cordon = { key: UNSCHEDULABLE_TAINT, effect: "NoSchedule" };
  if (node.spec?.unschedulable && !isTolerated(cordon, tolerations)) {
    return "node(s) were unschedulable";
  }
  for (const taint of taints) {
    if (taint.effect === "PreferNoSchedule" || isTolerated(taint, tolerations)) continue;
    return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  }
  if (!isSelected(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  return undefined;
}

/** Whether the pod's node selector and its required node affinity select the node. */
export function isSelected({ spec }: Pod, { metadata }: Node): boolean {
  const { name, labels = {} } = metadata;
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    if (labels[key] !== value) return false;
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || selectsNode(required.nodeSelectorTerms, { name, labels });
}

/** What a node lacks for a pod: nothing, if it can run it. */
export function lacking(pod: PodInfo, info: NodeInfo): string[] {
  if (info.hasPortConflict(pod)) {
    return ["node(s) didn't have free ports for the requested pod ports"];
  }
  const { allocatable, requested } = info;
  const reasons: string[] = [];
  if (info.podCount + 1 > (allocatable.pods ?? 0)) reasons.push("Too many pods");
  for (const name in pod.requests) {
    const wanted = pod.requests[name] ?? 0;
    if (wanted > 0 && wanted > (allocatable[name] ?? 0) - (requested[name] ?? 0)) {
      reasons.push(`Insufficient ${name}`);
    }
  }
  return reasons;
}

/** The reasons of all nodes as one message. */
export function fitMessage(nodes: number, reasons: ReadonlyMap<string, number>): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(", ")}.`;
}
