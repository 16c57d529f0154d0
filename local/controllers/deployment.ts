/**
 * The deployment controller: keeps a replica set for each pod template of a deployment and
 * moves replicas from the old ones to the newest.
 *
 * @module
 */
import { isAlreadyExists, type Reconciler } from "../../kube/mod.ts";
import {
  controllerOf,
  type Deployment,
  DEPLOYMENTS,
  type Informer,
  isTerminal,
  type Item,
  type LabelSelector,
  perform,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  selects,
  type Step,
} from "../objects/mod.ts";
import {
  type Again,
  again,
  type ControllerContext,
  GROUP,
  keyOf,
  reconcilerOf,
} from "./context.ts";
import { claim } from "./claims.ts";
import { takeClaims } from "./take_claims.ts";
import { REASON, setCondition } from "./deployment_status.ts";
import { isNamespaceEnding } from "./namespace_ending.ts";
import { planDeployment } from "./plan_deployment.ts";
import { sameTemplate } from "./template_hash.ts";

/** Replica sets of a write that was answered "already exists" are in the cache by then. */
const CACHE_LAG_MS = 200;

/** Starts reconciling deployments. */
export function deploymentController(context: ControllerContext): Reconciler {
  const deployments = context.informers.of(DEPLOYMENTS);
  const { sets, pods } = context;

  const reconciler = reconcilerOf(context, { name: "deployment", reconcile });

  deployments.onChange(({ object }) => reconciler.enqueue(keyOf(object)));
  sets.onChange(({ object }) => {
    for (const owner of ownersOf(object, deployments)) reconciler.enqueue(keyOf(owner));
  });
  // a deployment that recreates waits for the end of its old pods
  pods.onChange(({ type, object }) => {
    if (type !== "deleted" && !isTerminal(object)) return;
    const deployment = deploymentOf(object);
    if (deployment?.spec.strategy?.type === "Recreate") reconciler.enqueue(keyOf(deployment));
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const deployment = deployments.get(key);
    if (!deployment) return;
    const { uid, namespace } = deployment.metadata;
    const candidates = [
      ...sets.index.in(GROUP.controlledBy(uid)),
      ...sets.index.in(GROUP.orphans(namespace)),
    ];
    const claims = claim(deployment, candidates, { kind: REPLICA_SETS });
    await takeClaims(claims, {
      client: context.client,
      kind: DEPLOYMENTS,
      owner: deployment,
      signal,
    });
    const plan = planDeployment({
      deployment,
      sets: claims.owned,
      podsOf: (set) => pods.index.in(GROUP.controlledBy(set.metadata.uid)),
      now: context.now(),
    });
    const [first, ...rest] = plan.steps;
    if (first?.write.verb === "create") {
      const created = await create(deployment, first, signal);
      if (!created) return { after: CACHE_LAG_MS };
      await perform(rest, { ...context, signal });
    } else {
      await perform(plan.steps, { ...context, signal });
    }
    return again(plan.after);
  }

  /** Creates a replica set; tells whether the rest of the plan holds. */
  async function create(
    deployment: Deployment,
    step: Step,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await perform([step], { ...context, signal });
      return true;
    } catch (error) {
      if (isNamespaceEnding(error)) return false;
      if (isAlreadyExists(error) && step.write.verb === "create") {
        const { name = "", namespace } = step.write.object.metadata;
        const found = await context.client.get(REPLICA_SETS, { namespace, name }, { signal });
        if (!isItsOwn(deployment, found)) await countCollision(deployment, signal);
        return false;
      }
      await tellFailure(deployment, error, signal);
      throw error;
    }
  }

  /** The next name will be another. */
  async function countCollision(deployment: Deployment, signal: AbortSignal): Promise<void> {
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await setStatus(deployment, { collisionCount }, signal);
  }

  async function tellFailure(
    deployment: Deployment,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    const reason = REASON.failed;
    context.events.record({
      about: deployment,
      type: "Warning",
      reason,
      message,
      source: "deployment-controller",
    });
    const before = deployment.status?.conditions ?? [];
    const failed = { type: "Progressing", status: "False", reason, message };
    const conditions = setCondition(before, failed, context.now());
    if (conditions !== before) await setStatus(deployment, { conditions }, signal);
  }

  async function setStatus(
    deployment: Deployment,
    changes: Deployment["status"],
    signal: AbortSignal,
  ): Promise<void> {
    const object = { ...deployment, status: { ...deployment.status, ...changes } };
    const write = { verb: "update", kind: DEPLOYMENTS, object, subresource: "status" } as const;
    await context.client.write(write, { signal });
  }

  function deploymentOf(pod: Pod): Deployment | undefined {
    const set = controllerOf(pod);
    if (set?.kind !== "ReplicaSet") return undefined;
    const found = sets.get(`${pod.metadata.namespace}/${set.name}`);
    return found && ownersOf(found, deployments)[0];
  }
}

function isItsOwn(deployment: Deployment, set: ReplicaSet): boolean {
  return controllerOf(set)?.uid === deployment.metadata.uid &&
    sameTemplate(set.spec.template, deployment.spec.template);
}

/** The owner in the cache that controls the object, or those that might adopt it. */
export function ownersOf<T extends Item & { readonly spec: { readonly selector: LabelSelector } }>(
  item: Item,
  owners: Informer<T>,
): T[] {
  const { namespace, labels } = item.metadata;
  const controller = controllerOf(item);
  if (controller) {
    const owner = owners.get(`${namespace}/${controller.name}`);
    return owner?.metadata.uid === controller.uid ? [owner] : [];
  }
  const result: T[] = [];
  for (const owner of owners.values()) {
    if (owner.metadata.namespace !== namespace) continue;
    if (selects(owner.spec.selector, labels)) result.push(owner);
  }
  return result;
}
