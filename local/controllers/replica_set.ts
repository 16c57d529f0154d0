/**
 * The replica set controller: keeps as many pods as a replica set wants.
 *
 * What it creates or deletes is awaited in the cache before it counts again (expectations).
 *
 * @module
 */
import type { Reconciler } from "../../kube/mod.ts";
import {
  controllerOf,
  isActive,
  type Pod,
  PODS,
  REPLICA_SETS,
  type ReplicaSet,
} from "../objects/mod.ts";
import { claim } from "./claims.ts";
import {
  type Again,
  again,
  type ControllerContext,
  GROUP,
  keyOf,
  reconcilerOf,
} from "./context.ts";
import { ownersOf } from "./deployment.ts";
import { Expectations } from "./expectations.ts";
import { planPods, planStatus, podOf } from "./plan_replica_set.ts";
import { PodControl } from "./pod_control.ts";
import { takeClaims } from "./take_claims.ts";

/** Starts reconciling replica sets. */
export function replicaSetController(context: ControllerContext): Reconciler {
  const { client, sets, pods } = context;
  const expectations = new Expectations(context.monotonic);
  const control = new PodControl(context, { expectations, source: "replicaset-controller" });
  const reconciler = reconcilerOf(context, { name: "replicaset", reconcile });

  sets.onChange(({ type, object }) => {
    if (type === "deleted") expectations.forget(object.metadata.uid);
    reconciler.enqueue(keyOf(object));
  });
  pods.onChange((change) => {
    expectations.saw(change);
    for (const owner of ownersOf(change.object, sets)) reconciler.enqueue(keyOf(owner));
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const set = sets.get(key);
    if (!set) return;
    const { uid, namespace } = set.metadata;
    const pending = expectations.pendingFor(uid);
    if (pending > 0) return { after: pending };

    const candidates = [
      ...pods.index.in(GROUP.controlledBy(uid)),
      ...pods.index.in(GROUP.orphans(namespace)),
    ].filter(isActive);
    const claims = claim(set, candidates, { kind: PODS });
    await takeClaims(claims, { client, kind: REPLICA_SETS, owner: set, signal });

    const view = { set, pods: claims.owned, crowdOn: crowdOf(set), now: context.now() };
    const { create, remove } = planPods(view);
    const drafts = Array.from({ length: create }, () => podOf(set));
    const created = await control.create(set, drafts, signal);
    const { failed } = created.failed ? created : await control.remove(set, remove, signal);
    signal.throwIfAborted();
    const { status, after } = planStatus(view, failed?.failure);
    if (status) {
      const object = { ...set, status };
      await client.write({ verb: "update", kind: REPLICA_SETS, object, subresource: "status" }, {
        signal,
      });
    }
    if (failed) throw failed.error;
    return again(after);
  }

  /** Counts, when first asked, the active pods of the whole workload on each node. */
  function crowdOf(set: ReplicaSet): (nodeName: string) => number {
    let crowd: Map<string, number> | undefined;
    return (nodeName) => {
      crowd ??= countByNode(relatives(set));
      return crowd.get(nodeName) ?? 0;
    };
  }

  function* relatives(set: ReplicaSet): Iterable<Pod> {
    const owner = controllerOf(set);
    const family = owner ? sets.index.in(GROUP.controlledBy(owner.uid)) : [set];
    for (const { metadata: { uid } } of family) yield* pods.index.in(GROUP.controlledBy(uid));
  }
}

function countByNode(pods: Iterable<Pod>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    if (nodeName && isActive(pod)) counts.set(nodeName, (counts.get(nodeName) ?? 0) + 1);
  }
  return counts;
}
