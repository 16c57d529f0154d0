/**
 * Taint-based eviction: deletes the pods of nodes with NoExecute taints, each when it no
 * longer tolerates them.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  isDeleting,
  isTerminal,
  type Node,
  NODES,
  NOT_READY_TAINT,
  type Pod,
  PODS,
  sameJson,
  type Taint,
  timestamp,
  tolerates,
  UNREACHABLE_TAINT,
  withCondition,
} from "../objects/mod.ts";
import { type Again, type ControllerContext, GROUP, keyOf, reconcilerOf } from "./context.ts";

/** The seconds that the admission of a real API server gives every pod for a lost node. */
const ADMITTED_SECONDS = 300;

/** A cache is up to date again so soon after a conflict. */
const CONFLICT_MS = 50;

/** Options of {@linkcode taintEvictionController}. */
export interface TaintEvictionOptions {
  /**
   * Ms that pods stay on a lost node if they say nothing of their own about it: in the place
   * of the 300 s that API servers write into every pod. `undefined` keeps those.
   */
  readonly podEvictionTimeout?: number;
}

/** In how many ms a pod must leave a node with these taints; `undefined` if never. */
export function evictionDelay(
  pod: Pod,
  taints: readonly Taint[],
  { podEvictionTimeout }: TaintEvictionOptions = {},
): number | undefined {
  let delay: number | undefined;
  for (const taint of taints) {
    const matching = (pod.spec.tolerations ?? []).filter((one) => tolerates(one, taint));
    if (matching.length === 0) {
      if (!isLost(taint) || podEvictionTimeout === undefined) return 0;
      delay = Math.min(delay ?? Infinity, podEvictionTimeout);
      continue;
    }
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue;
      const isDefault = isLost(taint) && tolerationSeconds === ADMITTED_SECONDS;
      const ms = isDefault && podEvictionTimeout !== undefined
        ? podEvictionTimeout
        : tolerationSeconds * 1000;
      delay = Math.min(delay ?? Infinity, Math.max(0, ms));
    }
  }
  return delay;
}

/** Starts evicting pods. */
export function taintEvictionController(
  context: ControllerContext,
  options: TaintEvictionOptions = {},
): Reconciler {
  const { client, pods, monotonic } = context;
  const nodes = context.informers.of(NODES);
  const tainted = new Map<string, readonly Taint[]>();
  /** Since when pods, by uid, are on a node that they must leave. */
  const since = new Map<string, number>();
  const reconciler = reconcilerOf(context, { name: "taint eviction", reconcile });

  nodes.onChange(({ type, object }) => {
    const { name } = object.metadata;
    const taints = type === "deleted" ? [] : noExecute(object);
    if (sameJson(taints, tainted.get(name))) return;
    if (taints.length > 0) tainted.set(name, taints);
    else tainted.delete(name);
    for (const pod of pods.index.in(GROUP.onNode(name))) reconciler.enqueue(keyOf(pod));
  });
  pods.onChange(({ type, object }) => {
    if (type === "deleted") since.delete(object.metadata.uid);
    else if (tainted.has(object.spec.nodeName ?? "")) reconciler.enqueue(keyOf(object));
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const pod = pods.get(key);
    if (!pod || isDeleting(pod) || isTerminal(pod)) return;
    const { uid, namespace, name } = pod.metadata;
    const taints = tainted.get(pod.spec.nodeName ?? "") ?? [];
    const delay = evictionDelay(pod, taints, options);
    if (delay === undefined) {
      since.delete(uid);
      return;
    }
    const began = since.get(uid) ?? monotonic();
    since.set(uid, began);
    const left = began + delay - monotonic();
    if (left > 0) return { after: left };
    try {
      const object = disrupted(pod, context.now());
      await client.write({ verb: "update", kind: PODS, object, subresource: "status" }, {
        signal,
      });
      const target = { namespace, name };
      await client.write({ verb: "delete", kind: PODS, target, options: { uid } }, { signal });
    } catch (error) {
      if (isNotFound(error)) return;
      // changed meanwhile: the cache will bring the new state
      if (isConflict(error)) return { after: CONFLICT_MS };
      throw error;
    }
    context.events.record({
      about: pod,
      type: "Normal",
      reason: "TaintManagerEviction",
      source: "taint-eviction-controller",
      message: `Marking for deletion Pod ${key}`,
    });
  }
}

function noExecute(node: Node): Taint[] {
  return (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
}

function isLost(taint: Taint): boolean {
  return taint.key === UNREACHABLE_TAINT || taint.key === NOT_READY_TAINT;
}

function disrupted(pod: Pod, now: number): Pod {
  const conditions = withCondition(pod.status?.conditions ?? [], {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: timestamp(now),
  });
  return { ...pod, status: { ...pod.status, conditions } };
}
