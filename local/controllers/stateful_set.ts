/**
 * The stateful set controller: keeps pods with names and claims of their own, and replaces them
 * one after another when the template changes.
 *
 * A pod on a lost node is not replaced until it is gone: two pods of one name would be two who
 * believe to be the same.
 *
 * @module
 */
import { isAlreadyExists, type Reconciler } from "../../kube/mod.ts";
import {
  controllerOf,
  type ControllerRevision,
  isDeleting,
  type Item,
  type Pod,
  PODS,
  STATEFUL_SETS,
  type StatefulSet,
  VOLUME_CLAIMS,
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
import { surplusRevisions } from "./controller_revisions.ts";
import { ownersOf } from "./deployment.ts";
import { Expectations } from "./expectations.ts";
import { keepRevisions, removeRevisions } from "./keep_revisions.ts";
import { isNamespaceEnding } from "./namespace_ending.ts";
import {
  placesOf,
  planStatefulPods,
  type StatefulAction,
  type StatefulSetView,
} from "./plan_stateful_set.ts";
import { inParallel, type PodAttempt, PodControl } from "./pod_control.ts";
import { missingClaims, retentionWrites } from "./stateful_claims.ts";
import { identityLabels, ordinalOf, podName, podRevision, statefulPod } from "./stateful_pods.ts";
import { planStatefulStatus } from "./stateful_status.ts";
import { takeClaims } from "./take_claims.ts";

const SOURCE = "statefulset-controller";

/** The label of a revision that holds its hash. */
const HASH_LABEL = "controller.kubernetes.io/hash";

/** What a write of someone else's was in the way of is tried again after so many ms. */
const RETRY_MS = 200;

/** Starts reconciling stateful sets. */
export function statefulSetController(context: ControllerContext): Reconciler {
  const { client, pods } = context;
  const sets = context.informers.of(STATEFUL_SETS);
  const claims = context.informers.of(VOLUME_CLAIMS);
  const expectations = new Expectations(context.monotonic);
  const control = new PodControl(context, { expectations, source: SOURCE, say });
  const reconciler = reconcilerOf(context, { name: "statefulset", reconcile });

  sets.onChange(({ type, object }) => {
    if (type === "deleted") expectations.forget(object.metadata.uid);
    reconciler.enqueue(keyOf(object));
  });
  pods.onChange((change) => {
    expectations.saw(change);
    for (const owner of ownersOf(change.object, sets)) reconciler.enqueue(keyOf(owner));
  });
  context.revisions.onChange(({ object }) => {
    for (const owner of ownersOf(object, sets)) reconciler.enqueue(keyOf(owner));
  });
  // a pod may wait for the end of the claim that the one before it had
  claims.onChange(({ type, object: { metadata: { namespace } } }) => {
    if (type !== "deleted") return;
    for (const set of sets.values()) {
      const concerns = set.metadata.namespace === namespace && set.spec.volumeClaimTemplates;
      if (concerns) reconciler.enqueue(keyOf(set));
    }
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const set = sets.get(key);
    if (!set) return;
    const pending = expectations.pendingFor(set.metadata.uid);
    if (pending > 0) return { after: pending };
    const options = { kind: STATEFUL_SETS, hashLabel: HASH_LABEL, signal };
    const revisions = await keepRevisions(context, set, options);
    if (!revisions) return { after: RETRY_MS };

    const view = await viewOf(set, revisions, signal);
    await keepIdentities(view, signal);
    const errors = await inParallel(planStatefulPods(view), (one) => act(view, one, signal));
    signal.throwIfAborted();
    const { status, after } = planStatefulStatus(view);
    if (status) {
      const object = { ...set, status };
      const write = { verb: "update", kind: STATEFUL_SETS, object, subresource: "status" } as const;
      await client.write(write, { signal });
    }
    if (errors.length > 0) throw errors[0];
    const live = new Set([
      revisions.update.metadata.name,
      view.current.metadata.name,
      ...view.pods.map(podRevision),
    ]);
    const surplus = surplusRevisions(set, revisions.all, ({ metadata }) => live.has(metadata.name));
    await removeRevisions(context, surplus, signal);
    return again(after);
  }

  async function viewOf(
    set: StatefulSet,
    { update, all }: { update: ControllerRevision; all: readonly ControllerRevision[] },
    signal: AbortSignal,
  ): Promise<StatefulSetView> {
    const { uid, namespace } = set.metadata;
    const candidates = [
      ...pods.index.in(GROUP.controlledBy(uid)),
      ...pods.index.in(GROUP.orphans(namespace)),
    ].filter((pod) => controllerOf(pod) || ordinalOf(set, pod) !== undefined);
    const owned = claim(set, candidates, { kind: PODS });
    await takeClaims(owned, { client, kind: STATEFUL_SETS, owner: set, signal });
    const { currentRevision } = set.status ?? {};
    return {
      set,
      pods: owned.owned.filter((pod) => ordinalOf(set, pod) !== undefined),
      current: all.find(({ metadata }) => metadata.name === currentRevision) ?? update,
      update,
      findClaim: (name) => claims.get(`${namespace}/${name}`),
      now: context.now(),
    };
  }

  /** Labels pods that lack their names, and has claims owned by whom the set says. */
  async function keepIdentities(view: StatefulSetView, signal: AbortSignal): Promise<void> {
    const { set, findClaim } = view;
    if (isDeleting(set)) return;
    const { replicas, condemned } = placesOf(set, view.pods);
    for (const { ordinal, pod } of replicas) {
      if (!pod || isDeleting(pod)) continue;
      await label(set, pod, ordinal, signal);
      if (pod.status?.phase === "Pending") await createClaims(view, ordinal, signal);
      const writes = retentionWrites(set, { pod, ordinal, condemned: false }, findClaim);
      for (const write of writes) await client.write(write, { signal });
    }
    for (const { ordinal, pod } of condemned) {
      if (isDeleting(pod)) continue;
      const writes = retentionWrites(set, { pod, ordinal, condemned: true }, findClaim);
      for (const write of writes) await client.write(write, { signal });
    }
  }

  async function label(
    set: StatefulSet,
    { metadata }: Pod,
    ordinal: number,
    signal: AbortSignal,
  ): Promise<void> {
    const labels = identityLabels(set, ordinal);
    if (Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value)) return;
    const { namespace, name, uid } = metadata;
    const patch = { metadata: { uid, labels } };
    await client.write({ verb: "patch", kind: PODS, target: { namespace, name }, patch }, {
      signal,
    });
  }

  async function act(
    view: StatefulSetView,
    action: StatefulAction,
    signal: AbortSignal,
  ): Promise<void> {
    const { set } = view;
    if (action.do === "create") {
      await createClaims(view, action.ordinal, signal);
      const draft = statefulPod(set, action.ordinal, action.revision);
      const { failed } = await control.create(set, [draft], signal);
      if (failed) throw failed.error;
      return;
    }
    if (action.ended) {
      const { namespace, name } = set.metadata;
      const { name: pod } = action.pod.metadata;
      const message = `StatefulSet ${namespace}/${name} is recreating ended Pod ${pod}`;
      const note = { type: "Warning", reason: "RecreatingFailedPod", message } as const;
      context.events.record({ about: set, source: SOURCE, ...note });
    }
    const { failed } = await control.remove(set, [action.pod], signal);
    if (failed) throw failed.error;
  }

  async function createClaims(
    { set, findClaim }: StatefulSetView,
    ordinal: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (const object of missingClaims(set, ordinal, findClaim)) {
      try {
        await client.write({ verb: "create", kind: VOLUME_CLAIMS, object }, { signal });
      } catch (error) {
        if (isAlreadyExists(error) || isNamespaceEnding(error)) continue;
        throw error;
      }
      const what = `Claim ${object.metadata.name} Pod ${podName(set, ordinal)}`;
      const message = `create ${what} in StatefulSet ${set.metadata.name} success`;
      const note = { type: "Normal", reason: "SuccessfulCreate", message } as const;
      context.events.record({ about: set, source: SOURCE, ...note });
    }
  }
}

function say({ metadata }: Item, { verb, name, error }: PodAttempt): string {
  const what = `${verb} Pod ${name} in StatefulSet ${metadata.name}`;
  return error === undefined ? `${what} successful` : `${what} failed error: ${error}`;
}
