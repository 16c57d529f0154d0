/**
 * Rules of a pod about other pods: required (anti)affinity and topology spread. What they need
 * is counted once for a pod, over all pods, and only for pods that have such rules or when
 * pods with an anti-affinity run: others pay nothing.
 *
 * Left out: preferred (anti)affinity, `ScheduleAnyway`, `minDomains`, `matchLabelKeys` and the
 * inclusion policies of spread constraints.
 *
 * @module
 */
import {
  isDeleting,
  type Labels,
  type PodAffinityTerm,
  selects,
  type TopologySpreadConstraint,
} from "../objects/mod.ts";
import { isSelected } from "./filters.ts";
import type { NodeInfo } from "./node_info.ts";
import type { PodInfo } from "./pod_info.ts";

/** Why a node does not suit a pod because of other pods; `undefined` if it does. */
export type TopologyRule = (node: NodeInfo) => string | undefined;

/** What the rules are made from. */
export interface TopologyView {
  readonly nodes: readonly NodeInfo[];
  /** The labels of a namespace, for terms that select namespaces. */
  readonly labelsOf: (namespace: string) => Labels | undefined;
}

/** The rules that hold for a pod now. */
export function topologyRules(pod: PodInfo, view: TopologyView): TopologyRule[] {
  const rules: TopologyRule[] = [];
  const { nodes } = view;
  if (pod.spread.length > 0) rules.push(spreadRule(pod, nodes));
  if (pod.affinity.length > 0) rules.push(affinityRule(pod, nodes, view));
  if (pod.antiAffinity.length > 0) rules.push(antiAffinityRule(pod, nodes, view));
  if (nodes.some(({ hasAntiAffinity }) => hasAntiAffinity)) {
    rules.push(othersRule(pod, nodes, view));
  }
  return rules;
}

function affinityRule(pod: PodInfo, nodes: readonly NodeInfo[], view: TopologyView): TopologyRule {
  const matches = (other: PodInfo) => pod.affinity.every((term) => isMeant(term, pod, other, view));
  const domains = new Set<string>();
  for (const node of nodes) {
    for (const other of node.pods) {
      if (!matches(other)) continue;
      for (const { topologyKey } of pod.affinity) {
        const domain = domainOf(node, topologyKey);
        if (domain !== undefined) domains.add(domain);
      }
    }
  }
  // the first of a group that wants to be together may go anywhere
  const isFirst = domains.size === 0 && matches(pod);
  return (node) => {
    const suits = pod.affinity.every(({ topologyKey }) => {
      const domain = domainOf(node, topologyKey);
      return domain !== undefined && (isFirst || domains.has(domain));
    });
    return suits ? undefined : "node(s) didn't match pod affinity rules";
  };
}

function antiAffinityRule(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  view: TopologyView,
): TopologyRule {
  const taken = new Set<string>();
  for (const node of nodes) {
    for (const other of node.pods) {
      for (const term of pod.antiAffinity) {
        const domain = domainOf(node, term.topologyKey);
        if (domain !== undefined && isMeant(term, pod, other, view)) taken.add(domain);
      }
    }
  }
  return (node) =>
    pod.antiAffinity.some(({ topologyKey }) => taken.has(domainOf(node, topologyKey) ?? ""))
      ? "node(s) didn't match pod anti-affinity rules"
      : undefined;
}

/** Pods that are there already may not want this one near. */
function othersRule(pod: PodInfo, nodes: readonly NodeInfo[], view: TopologyView): TopologyRule {
  const taken = new Map<string, Set<string>>();
  for (const node of nodes) {
    if (!node.hasAntiAffinity) continue;
    for (const other of node.pods) {
      for (const term of other.antiAffinity) {
        const domain = domainOf(node, term.topologyKey);
        if (domain === undefined || !isMeant(term, other, pod, view)) continue;
        let domains = taken.get(term.topologyKey);
        if (!domains) taken.set(term.topologyKey, domains = new Set());
        domains.add(domain);
      }
    }
  }
  return (node) => {
    for (const [key, domains] of taken) {
      if (domains.has(domainOf(node, key) ?? "")) {
        return "node(s) didn't satisfy existing pods anti-affinity rules";
      }
    }
    return undefined;
  };
}

function spreadRule(pod: PodInfo, nodes: readonly NodeInfo[]): TopologyRule {
  const counted = pod.spread.map((constraint) => ({
    constraint,
    ...countDomains(pod, nodes, constraint),
  }));
  return (node) => {
    for (const { constraint, counts, least } of counted) {
      const domain = domainOf(node, constraint.topologyKey);
      const reason = "node(s) didn't match pod topology spread constraints";
      if (domain === undefined) return `${reason} (missing required label)`;
      const self = selects(constraint.labelSelector, pod.pod.metadata.labels) ? 1 : 0;
      if ((counts.get(domain) ?? 0) + self - least > constraint.maxSkew) return reason;
    }
    return undefined;
  };
}

function countDomains(
  { pod, spread }: PodInfo,
  nodes: readonly NodeInfo[],
  { topologyKey, labelSelector }: TopologySpreadConstraint,
): { counts: Map<string, number>; least: number } {
  const counts = new Map<string, number>();
  for (const info of nodes) {
    const domain = domainOf(info, topologyKey);
    const hasAllKeys = spread.every((one) => domainOf(info, one.topologyKey) !== undefined);
    if (domain === undefined || !hasAllKeys || !info.node || !isSelected(pod, info.node)) continue;
    let count = counts.get(domain) ?? 0;
    for (const other of info.pods) {
      const { metadata } = other.pod;
      if (metadata.namespace !== pod.metadata.namespace || isDeleting(other.pod)) continue;
      if (selects(labelSelector, metadata.labels)) count++;
    }
    counts.set(domain, count);
  }
  return { counts, least: counts.size > 0 ? Math.min(...counts.values()) : 0 };
}

/** Whether a term of `owner` means `other`. */
function isMeant(
  { labelSelector, namespaces, namespaceSelector }: PodAffinityTerm,
  owner: PodInfo,
  other: PodInfo,
  { labelsOf }: TopologyView,
): boolean {
  const { namespace = "", labels } = other.pod.metadata;
  if (!selects(labelSelector, labels)) return false;
  if (namespaces?.includes(namespace)) return true;
  if (namespaceSelector) return selects(namespaceSelector, labelsOf(namespace));
  return !namespaces?.length && namespace === owner.pod.metadata.namespace;
}

/** The value of a topology key, made distinct from those of other keys. */
function domainOf({ node }: NodeInfo, key: string): string | undefined {
  const value = node?.metadata.labels?.[key];
  return value === undefined ? undefined : `${key}=${value}`;
}
