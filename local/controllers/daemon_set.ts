/**
 * The daemon set controller: keeps a pod on every node that a daemon set selects. A scheduler
 * binds it; the pod's affinity names its node.
 *
 * @module
 */
import type { Reconciler } from "../../kube/mod.ts";
import {
  canonicalJson,
  DAEMON_SETS,
  type DaemonSet,
  type Node,
  NODES,
  type Pod,
  PODS,
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
import { REVISION_LABEL, surplusRevisions } from "./controller_revisions.ts";
import { daemonPod } from "./daemon_pods.ts";
import { planDaemonStatus } from "./daemon_status.ts";
import { ownersOf } from "./deployment.ts";
import { Expectations } from "./expectations.ts";
import { keepRevisions, removeRevisions } from "./keep_revisions.ts";
import { type DaemonSetView, planDaemonPods } from "./plan_daemon_set.ts";
import { PodControl } from "./pod_control.ts";
import { RestartDelays } from "./restart_delays.ts";
import { takeClaims } from "./take_claims.ts";

const SOURCE = "daemonset-controller";

/** Pods that one pass creates or deletes at most; mirrors BurstReplicas. */
const BURST = 250;

/** What a write of someone else's was in the way of is tried again after so many ms. */
const RETRY_MS = 200;

/** Starts reconciling daemon sets. */
export function daemonSetController(context: ControllerContext): Reconciler {
  const { client, pods } = context;
  const sets = context.informers.of(DAEMON_SETS);
  const nodes = context.informers.of(NODES);
  const looks = new Map<string, string>();
  const delays = new RestartDelays(context.monotonic);
  const expectations = new Expectations(context.monotonic);
  const control = new PodControl(context, { expectations, source: SOURCE });
  const reconciler = reconcilerOf(context, { name: "daemonset", reconcile });

  sets.onChange(({ type, object }) => {
    if (type === "deleted") {
      expectations.forget(object.metadata.uid);
      delays.forget(object.metadata.uid);
    }
    reconciler.enqueue(keyOf(object));
  });
  pods.onChange((change) => {
    expectations.saw(change);
    for (const owner of ownersOf(change.object, sets)) reconciler.enqueue(keyOf(owner));
  });
  context.revisions.onChange(({ object }) => {
    for (const owner of ownersOf(object, sets)) reconciler.enqueue(keyOf(owner));
  });
  nodes.onChange(({ type, object }) => {
    const { name } = object.metadata;
    const look = type === "deleted" ? undefined : lookOf(object);
    if (looks.get(name) === look) return;
    if (look === undefined) looks.delete(name);
    else looks.set(name, look);
    for (const set of sets.values()) reconciler.enqueue(keyOf(set));
  });
  return reconciler;

  async function reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const set = sets.get(key);
    if (!set) return;
    const pending = expectations.pendingFor(set.metadata.uid);
    if (pending > 0) return { after: pending };
    const options = { kind: DAEMON_SETS, hashLabel: REVISION_LABEL, signal };
    const revisions = await keepRevisions(context, set, options);
    if (!revisions) return { after: RETRY_MS };
    const { update, all } = revisions;

    const view = { set, nodes: [...nodes.values()], pods: await claimed(set, signal), update };
    const { errors, wait } = await carryOut({ ...view, now: context.now() }, signal);
    signal.throwIfAborted();
    const { status, after } = planDaemonStatus({ ...view, now: context.now() });
    if (status) {
      const object = { ...set, status };
      await client.write({ verb: "update", kind: DAEMON_SETS, object, subresource: "status" }, {
        signal,
      });
    }
    if (errors.length > 0) throw errors[0];
    const live = new Set(view.pods.map(({ metadata }) => metadata.labels?.[REVISION_LABEL]));
    const surplus = surplusRevisions(
      set,
      all,
      (one) => one === update || live.has(one.metadata.labels?.[REVISION_LABEL]),
    );
    await removeRevisions(context, surplus, signal);
    return again(sooner(after, wait));
  }

  async function claimed(set: DaemonSet, signal: AbortSignal): Promise<readonly Pod[]> {
    const { uid, namespace } = set.metadata;
    const claims = claim(set, [
      ...pods.index.in(GROUP.controlledBy(uid)),
      ...pods.index.in(GROUP.orphans(namespace)),
    ], { kind: PODS });
    await takeClaims(claims, { client, kind: DAEMON_SETS, owner: set, signal });
    return claims.owned;
  }

  /** Does what the plan says; tells what failed, and in how many ms an ended pod may go. */
  async function carryOut(
    view: DaemonSetView,
    signal: AbortSignal,
  ): Promise<{ errors: unknown[]; wait: number | undefined }> {
    const { set } = view;
    const { create, remove, ended } = planDaemonPods(view);
    let wait: number | undefined;
    const held = new Set<Pod>();
    for (const pod of ended) {
      const left = delays.next(set.metadata.uid, pod);
      if (left > 0) {
        held.add(pod);
        wait = sooner(wait, left);
        continue;
      }
      const { namespace, name } = pod.metadata;
      const message = `Found ended daemon pod ${namespace}/${name} on node ` +
        `${pod.spec.nodeName}, will try to replace it`;
      const note = { type: "Warning", reason: "FailedDaemonPod", message } as const;
      context.events.record({ about: set, source: SOURCE, ...note });
    }
    const leaving = remove.filter((pod) => !held.has(pod)).slice(0, BURST);
    const drafts = create.slice(0, BURST).map((node) => daemonPod(set, node, view.update));
    const created = await control.create(set, drafts, signal);
    const removed = await control.remove(set, leaving, signal);
    const errors = [created, removed].flatMap(({ failed }) => failed ? [failed.error] : []);
    return { errors, wait };
  }
}

function sooner(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

/** What decides whether a node gets a pod; not its heartbeats. */
function lookOf({ metadata: { labels }, spec }: Node): string {
  return canonicalJson([labels, spec?.taints]);
}
