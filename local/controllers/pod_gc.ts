/**
 * The pod garbage collector: removes pods that nobody else will remove: those of nodes that
 * are no more, those that were deleted before they had a node, and ended ones beyond a limit.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  byAge,
  isDeleting,
  isTerminal,
  NODES,
  type Pod,
  PODS,
  timestamp,
  withCondition,
} from "../objects/mod.ts";
import { type Again, type ControllerContext, GROUP, keyOf, reconcilerOf } from "./context.ts";

/** Options of {@linkcode podGarbageCollector}. */
export interface PodGarbageCollectorOptions {
  /** Ms that a node must be gone before its pods are removed. */
  readonly orphanedPodGrace: number;
  /** Ended pods that are kept. */
  readonly terminatedPodLimit: number;
}

/** Ended pods are counted once for all that end within so many ms. */
const ENDED_DELAY_MS = 1000;

/** A server removes deleted pods without a node itself; one left after so many ms is stuck. */
const STUCK_MS = 1000;

/** Key of the pass over ended pods; no pod has it. */
const ENDED = "ended pods";

/** Starts removing pods. */
export function podGarbageCollector(
  context: ControllerContext,
  { orphanedPodGrace, terminatedPodLimit }: PodGarbageCollectorOptions,
): Reconciler {
  const { client, pods, monotonic } = context;
  const nodes = context.informers.of(NODES);
  /** Since when nodes that pods name are missing. */
  const missing = new Map<string, number>();
  const reconciler = reconcilerOf(context, { name: "pod garbage collector", reconcile });

  nodes.onChange(({ type, object: { metadata: { name } } }) => {
    missing.delete(name);
    if (type !== "deleted") return;
    for (const pod of pods.index.in(GROUP.onNode(name))) reconciler.enqueue(keyOf(pod));
  });
  pods.onChange(({ type, object }) => {
    if (type === "deleted") return;
    const { nodeName } = object.spec;
    if (!nodeName && isDeleting(object)) reconciler.enqueue(keyOf(object), { after: STUCK_MS });
    if (nodeName && !nodes.get(nodeName)) reconciler.enqueue(keyOf(object));
    if (isTerminal(object)) reconciler.enqueue(ENDED, { after: ENDED_DELAY_MS });
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    if (key === ENDED) return await removeEnded(signal);
    const pod = pods.get(key);
    if (!pod) return;
    const { nodeName } = pod.spec;
    if (!nodeName) {
      if (isDeleting(pod)) await remove(pod, signal);
      return;
    }
    if (nodes.get(nodeName)) return;
    const since = missing.get(nodeName) ?? monotonic();
    missing.set(nodeName, since);
    const left = since + orphanedPodGrace - monotonic();
    if (left > 0) return { after: left };
    if (await nodeExists(nodeName, signal)) return { after: orphanedPodGrace };
    if (!isTerminal(pod)) await fail(pod, signal);
    await remove(pod, signal);
  }

  async function removeEnded(signal: AbortSignal): Promise<void> {
    const ended = [...pods.index.in(GROUP.terminal)].filter((pod) => !isDeleting(pod));
    const excess = ended.length - terminatedPodLimit;
    if (excess <= 0) return;
    for (const pod of ended.sort(byAge).slice(0, excess)) await remove(pod, signal);
  }

  async function nodeExists(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await client.get(NODES, { name }, { signal });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async function fail(pod: Pod, signal: AbortSignal): Promise<void> {
    const conditions = withCondition(pod.status?.conditions ?? [], {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
      lastTransitionTime: timestamp(context.now()),
    });
    const object = { ...pod, status: { ...pod.status, phase: "Failed", conditions } };
    try {
      await client.write({ verb: "update", kind: PODS, object, subresource: "status" }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function remove(pod: Pod, signal: AbortSignal): Promise<void> {
    const { uid, namespace, name } = pod.metadata;
    const target = { namespace, name };
    const options = { uid, gracePeriodSeconds: 0 };
    try {
      await client.write({ verb: "delete", kind: PODS, target, options }, { signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
