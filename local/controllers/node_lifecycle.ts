/**
 * The node lifecycle controller: notices nodes that have fallen silent and says so, on the
 * node (conditions, taints) and on its pods (not ready).
 *
 * A node is heard when its lease is renewed or its agent posts a status. How long ago that was
 * is measured here, from when the change was observed, by a monotonic clock: the clocks of
 * other machines do not matter.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  conditionOf,
  isReady,
  LEASES,
  type Node,
  NODES,
  perform,
  type Pod,
  PODS,
  timestamp,
  withCondition,
} from "../objects/mod.ts";
import { type Again, again, type ControllerContext, GROUP, reconcilerOf } from "./context.ts";
import { planNode } from "./plan_node.ts";

/** The namespace of the nodes' leases. */
const LEASE_NAMESPACE = "kube-node-lease";

/** Options of {@linkcode nodeLifecycleController}. */
export interface NodeLifecycleOptions {
  /** After so many ms of silence a node's state is unknown. */
  readonly nodeGracePeriod: number;
}

interface Heard {
  readonly uid: string;
  /** What was heard last, to tell news from repetition. */
  status: string;
  lease: string;
  at: number;
}

/** Starts watching over nodes. */
export function nodeLifecycleController(
  context: ControllerContext,
  { nodeGracePeriod: graceMs }: NodeLifecycleOptions,
): Reconciler {
  const nodes = context.informers.of(NODES);
  const leases = context.informers.of(LEASES);
  const heard = new Map<string, Heard>();
  const reconciler = reconcilerOf(context, { name: "node lifecycle", reconcile });

  nodes.onChange(({ type, object }) => {
    const { name } = object.metadata;
    if (type === "deleted") {
      heard.delete(name);
      return;
    }
    hear(object);
    reconciler.enqueue(name);
  });
  leases.onChange(({ type, object }) => {
    const { name, namespace } = object.metadata;
    const entry = namespace === LEASE_NAMESPACE ? heard.get(name) : undefined;
    const renewed = object.spec?.renewTime ?? "";
    if (!entry || type === "deleted" || entry.lease === renewed) return;
    entry.lease = renewed;
    entry.at = context.monotonic();
  });
  return reconciler;

  function hear(node: Node): void {
    const { name, uid } = node.metadata;
    const ready = conditionOf(node.status?.conditions, "Ready");
    // an unknown state is what this controller wrote itself
    const said = ready?.status === "Unknown" ? "" : ready?.status ?? "";
    const status = `${ready?.lastHeartbeatTime ?? ""} ${said}`;
    const entry = heard.get(name);
    if (entry?.uid !== uid) {
      const lease = leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime ?? "";
      heard.set(name, { uid, status, lease, at: context.monotonic() });
    } else if (entry.status !== status) {
      if (said !== "") entry.at = context.monotonic();
      entry.status = status;
    }
  }

  async function reconcile(name: string, signal: AbortSignal): Promise<Again> {
    const node = nodes.get(name);
    if (!node) return;
    const silentMs = context.monotonic() - (heard.get(name)?.at ?? context.monotonic());
    const plan = planNode({ node, silentMs, graceMs, now: context.now() });
    await perform(plan.steps, { ...context, signal });
    const ready = conditionOf(plan.node.status?.conditions, "Ready");
    if (ready && ready.status !== "True") await markPodsNotReady(name, signal);
    return again(plan.after);
  }

  /** Nobody can vouch any more for the pods of a node that is not ready. */
  async function markPodsNotReady(nodeName: string, signal: AbortSignal): Promise<void> {
    const pods = [...context.pods.index.in(GROUP.onNode(nodeName))].filter(isReady);
    for (const pod of pods) {
      const object = notReady(pod, context.now());
      try {
        await context.client.write({ verb: "update", kind: PODS, object, subresource: "status" }, {
          signal,
        });
      } catch (error) {
        if (isNotFound(error)) continue;
        if (isConflict(error)) {
          reconciler.enqueue(nodeName);
          continue;
        }
        throw error;
      }
      context.events.record({
        about: pod,
        type: "Warning",
        reason: "NodeNotReady",
        message: "Node is not ready",
        source: "node-controller",
      });
    }
  }
}

function notReady(pod: Pod, now: number): Pod {
  const conditions = withCondition(pod.status?.conditions ?? [], {
    ...conditionOf(pod.status?.conditions, "Ready"),
    type: "Ready",
    status: "False",
    reason: "NodeNotReady",
    lastTransitionTime: timestamp(now),
  });
  return { ...pod, status: { ...pod.status, conditions } };
}
