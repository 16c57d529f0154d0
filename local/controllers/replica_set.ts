/**
 * The replica set controller: keeps as many pods as a replica set wants.
 *
 * What it creates or deletes is awaited in the cache before it counts again (expectations).
 * Pods are created in batches that double, so that what cannot work fails once and not
 * hundreds of times.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  controllerOf,
  isActive,
  isDeleting,
  type Note,
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
import { isNamespaceEnding } from "./namespace_ending.ts";
import { planPods, planStatus, type PodFailure, podOf } from "./plan_replica_set.ts";
import { takeClaims } from "./take_claims.ts";

/** Pods in the first batch; each next one is twice as large. */
const FIRST_BATCH = 1;

/** Requests under way at the same time for one replica set. */
const PARALLEL = 32;

/** Starts reconciling replica sets. */
export function replicaSetController(context: ControllerContext): Reconciler {
  const { client, sets, pods } = context;
  const expectations = new Expectations(context.monotonic);
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
    const failed = await createPods(set, create, signal) ?? await removePods(set, remove, signal);
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

  async function createPods(set: ReplicaSet, count: number, signal: AbortSignal) {
    let [batch, left] = [FIRST_BATCH, count];
    while (left > 0) {
      const size = Math.min(batch, left);
      const errors = await inParallel(Array.from({ length: size }), () => createPod(set, signal));
      const [error] = errors;
      if (error !== undefined) {
        if (isNamespaceEnding(error)) return undefined;
        const failure = failureOf("FailedCreate", `Error creating: ${textOf(error)}`);
        if (!signal.aborted) tell(set, { type: "Warning", ...failure });
        return { error, failure };
      }
      [batch, left] = [batch * 2, left - size];
    }
    return undefined;
  }

  async function createPod(set: ReplicaSet, signal: AbortSignal): Promise<void> {
    await expectations.during(set.metadata.uid, async () => {
      const pod = await client.write({ verb: "create", kind: PODS, object: podOf(set) }, {
        signal,
      });
      const message = `Created pod: ${pod.metadata.name}`;
      tell(set, { type: "Normal", reason: "SuccessfulCreate", message });
      return pod.metadata;
    }, { deletion: false, isSeen: (key) => pods.get(key) !== undefined });
  }

  async function removePods(set: ReplicaSet, remove: readonly Pod[], signal: AbortSignal) {
    const [error] = await inParallel(remove, (pod) => removePod(set, pod, signal));
    if (error === undefined) return undefined;
    const failure = failureOf("FailedDelete", `Error deleting: ${textOf(error)}`);
    if (!signal.aborted) tell(set, { type: "Warning", ...failure });
    return { error, failure };
  }

  async function removePod(set: ReplicaSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const { uid, namespace, name } = pod.metadata;
    await expectations.during(set.metadata.uid, async () => {
      try {
        const target = { namespace, name };
        await client.write({ verb: "delete", kind: PODS, target, options: { uid } }, { signal });
        const message = `Deleted pod: ${name}`;
        tell(set, { type: "Normal", reason: "SuccessfulDelete", message });
      } catch (error) {
        // gone already, or another pod has the name: the cache will hear of it
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
      return pod.metadata;
    }, {
      deletion: true,
      isSeen(key) {
        const now = pods.get(key);
        return now?.metadata.uid !== uid || isDeleting(now);
      },
    });
  }

  function tell(about: ReplicaSet, note: Pick<Note, "type" | "reason" | "message">): void {
    context.events.record({ about, source: "replicaset-controller", ...note });
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

function failureOf(reason: PodFailure["reason"], message: string): PodFailure {
  return { reason, message };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Does all of it, some at the same time, and returns what failed. */
async function inParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const waiting = items.values();
  async function worker(): Promise<void> {
    for (const item of waiting) {
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
  return errors;
}
