/**
 * What to do about a daemon set: a pure function of what is seen.
 *
 * @module
 */
import {
  availableIn,
  byAge,
  type ControllerRevision,
  type DaemonSet,
  isDeleting,
  isTerminal,
  type Node,
  type Pod,
} from "../objects/mod.ts";
import { REVISION_LABEL } from "./controller_revisions.ts";
import { nodeOf, wantedOn } from "./daemon_pods.ts";
import { shareOf } from "./rollout_math.ts";

/** What a decision about a daemon set is made from. */
export interface DaemonSetView {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** All pods that it has, also those that have ended. */
  readonly pods: readonly Pod[];
  /** The revision that its template is. */
  readonly update: ControllerRevision;
  /** Wall time in ms. */
  readonly now: number;
}

/** Where pods are to come, and which are to go. */
export interface DaemonPlan {
  /** Names of nodes. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Those of `remove` that have ended by themselves. */
  readonly ended: readonly Pod[];
}

/** Pods by the node that they are on or are meant for, the oldest first. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const result = new Map<string, Pod[]>();
  for (const pod of [...pods].sort(byAge)) {
    const node = nodeOf(pod);
    if (node === undefined) continue;
    const list = result.get(node);
    if (list) list.push(pod);
    else result.set(node, [pod]);
  }
  return result;
}

/** Decides which pods are to come or go. */
export function planDaemonPods(view: DaemonSetView): DaemonPlan {
  if (isDeleting(view.set)) return { create: [], remove: [], ended: [] };
  const byNode = podsByNode(view.pods);
  const surge = surgeOf(view);
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: Pod[] = [];
  for (const node of view.nodes) {
    const { name } = node.metadata;
    const pods = byNode.get(name) ?? [];
    byNode.delete(name);
    const { run, stay } = wantedOn(view.set, node);
    if (!stay) remove.push(...pods.filter((pod) => !isDeleting(pod)));
    else if (run && pods.length === 0) create.push(name);
    else {
      const live = pods.filter((pod) => !isDeleting(pod));
      const over = live.filter(isTerminal);
      ended.push(...over);
      remove.push(...over, ...doubles(view, live.filter((pod) => !isTerminal(pod)), surge));
    }
  }
  // meant for nodes that are no more; those that run there are for the pod garbage collector
  for (const pods of byNode.values()) {
    remove.push(...pods.filter((pod) => !isDeleting(pod) && !pod.spec.nodeName));
  }
  const rolled = isRolling(view.set)
    ? planRollout(view, { surge, busy: new Set(remove), create })
    : { create: [], remove: [] };
  return { create: [...create, ...rolled.create], remove: [...remove, ...rolled.remove], ended };
}

/** The pods of a node beyond the oldest; while it surges an old and a new one may be there. */
function doubles(view: DaemonSetView, pods: readonly Pod[], surge: number): Pod[] {
  if (surge === 0) return pods.slice(1);
  const isNew = (pod: Pod) => isUpdated(view, pod);
  return [...pods.filter(isNew).slice(1), ...pods.filter((pod) => !isNew(pod)).slice(1)];
}

interface Rollout {
  readonly surge: number;
  /** Pods that go anyway. */
  readonly busy: ReadonlySet<Pod>;
  /** Nodes that get a pod anyway. */
  readonly create: readonly string[];
}

function planRollout(
  view: DaemonSetView,
  { surge, busy, create }: Rollout,
): { create: string[]; remove: Pod[] } {
  const byNode = podsByNode(view.pods);
  const result = { create: [] as string[], remove: [] as Pod[] };
  const spare: { node: string; pod: Pod }[] = [];
  let missing = create.length;
  let surging = 0;
  for (const node of view.nodes) {
    const { name } = node.metadata;
    const all = byNode.get(name) ?? [];
    if (all.length === 0 || !wantedOn(view.set, node).stay) continue;
    const live = all.filter((pod) => !isDeleting(pod) && !busy.has(pod));
    const fresh = live.find((pod) => isUpdated(view, pod));
    const old = live.find((pod) => !isUpdated(view, pod));
    const isFreshWell = fresh !== undefined && isAvailable(view, fresh);
    if (old && fresh) {
      if (isFreshWell) result.remove.push(old);
      else surging++;
    } else if (old) {
      if (isAvailable(view, old)) spare.push({ node: name, pod: old });
      else if (surge > 0) result.create.push(name);
      else {
        result.remove.push(old);
        missing++;
      }
    } else if (!isFreshWell) missing++;
  }
  const free = surge > 0 ? surge - surging : unavailableOf(view) - missing;
  for (const { node, pod } of spare.slice(0, Math.max(0, free))) {
    if (surge > 0) result.create.push(node);
    else result.remove.push(pod);
  }
  return result;
}

/** Whether a pod is of the newest revision. */
export function isUpdated({ update }: DaemonSetView, { metadata: { labels } }: Pod): boolean {
  const hash = update.metadata.labels?.[REVISION_LABEL];
  return hash !== undefined && labels?.[REVISION_LABEL] === hash;
}

function isAvailable({ set, now }: DaemonSetView, pod: Pod): boolean {
  return availableIn(pod, set.spec.minReadySeconds ?? 0, now) === 0;
}

function isRolling({ spec }: DaemonSet): boolean {
  return (spec.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

function surgeOf({ set, nodes }: DaemonSetView): number {
  const { maxSurge = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  return isRolling(set) ? shareOf(maxSurge, wantedNodes(set, nodes), Math.ceil) : 0;
}

/** Pods that may be missing; never 0, or nothing could move. */
function unavailableOf({ set, nodes }: DaemonSetView): number {
  const { maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  return Math.max(1, shareOf(maxUnavailable, wantedNodes(set, nodes), Math.ceil));
}

function wantedNodes(set: DaemonSet, nodes: readonly Node[]): number {
  return nodes.filter((node) => wantedOn(set, node).run).length;
}
