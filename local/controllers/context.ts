/**
 * What the controllers share: one cache of each kind, one client, one recorder of events.
 *
 * @module
 */
import { Reconciler } from "../../kube/mod.ts";
import {
  CONTROLLER_REVISIONS,
  controllerOf,
  type ControllerRevision,
  type EventRecorder,
  Index,
  type Informer,
  type Informers,
  isTerminal,
  type Item,
  type Job,
  JOBS,
  type ObjectClient,
  type Pod,
  PODS,
  REPLICA_SETS,
  type ReplicaSet,
} from "../objects/mod.ts";

/** See the module's text. */
export interface ControllerContext {
  readonly client: ObjectClient;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly pods: Cache<Pod>;
  readonly sets: Cache<ReplicaSet>;
  readonly revisions: Cache<ControllerRevision>;
  /** Resolves when all caches are filled; nothing is decided before. */
  readonly synced: Promise<void>;
  /** Wall clock in ms, for what is written. */
  readonly now: () => number;
  /** Monotonic clock in ms, for what is measured. */
  readonly monotonic: () => number;
  /** Hears what fails; it is tried again. */
  readonly onError: (controller: string, key: string, error: unknown) => void;
}

/** An informer with its index. */
export interface Cache<T extends Item> extends Informer<T> {
  readonly index: Index<T>;
}

/** Names of the groups of an index. */
export const GROUP = {
  /** What that object controls. */
  controlledBy: (uid: string): string => `controlledBy/${uid}`,
  /** What nobody controls. */
  orphans: (namespace: string | undefined): string => `orphans/${namespace}`,
  /** The pods of a node. */
  onNode: (name: string): string => `onNode/${name}`,
  /** Pods that have ended. */
  terminal: "terminal",
} as const;

/** The cached pods, found by their controller, their node, and whether they have ended. */
export function podCache(informers: Informers): Cache<Pod> {
  return indexed(informers.of(PODS), function* (pod) {
    yield* ownershipGroups(pod);
    if (pod.spec.nodeName) yield GROUP.onNode(pod.spec.nodeName);
    if (isTerminal(pod)) yield GROUP.terminal;
  });
}

/** The cached Jobs, found by their controller. */
export function jobCache(informers: Informers): Cache<Job> {
  return indexed(informers.of(JOBS), ownershipGroups);
}

/** The cached replica sets, found by their controller. */
export function replicaSetCache(informers: Informers): Cache<ReplicaSet> {
  return indexed(informers.of(REPLICA_SETS), ownershipGroups);
}

/** The cached revisions of stateful and daemon sets, found by their controller. */
export function revisionCache(informers: Informers): Cache<ControllerRevision> {
  return indexed(informers.of(CONTROLLER_REVISIONS), ownershipGroups);
}

function* ownershipGroups(item: Item): Iterable<string> {
  const controller = controllerOf(item);
  yield controller ? GROUP.controlledBy(controller.uid) : GROUP.orphans(item.metadata.namespace);
}

function indexed<T extends Item>(
  informer: Informer<T>,
  groupsOf: (item: T) => Iterable<string>,
): Cache<T> {
  const index = new Index<T>(groupsOf);
  // the first listener, so that all others find the index up to date
  informer.onChange((change) => index.apply(change));
  return {
    index,
    get: (key) => informer.get(key),
    values: () => informer.values(),
    get synced() {
      return informer.synced;
    },
    onChange: (listener) => informer.onChange(listener),
  };
}

/** What one pass of a controller may ask for: to look again after so many ms. */
export type Again = { after: number } | void;

/** A controller's function, and how many keys it may run at the same time. */
export interface Reconciling {
  readonly name: string;
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Again>;
  /** @default 4 */
  readonly workers?: number;
}

/** A reconciler that waits until all caches are filled. */
export function reconcilerOf(
  context: ControllerContext,
  { name, reconcile, workers }: Reconciling,
): Reconciler {
  return new Reconciler(async (key, signal) => {
    await context.synced;
    return await reconcile(key, signal);
  }, { name, workers, onError: (key, error) => context.onError(name, key, error) });
}

/** The key of an object in its cache. */
export function keyOf({ metadata: { namespace, name } }: Item): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** The parts of a key. */
export function nameOf(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf("/");
  if (slash < 0) return { name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** No timer waits for longer, in ms: JavaScript's end at 24 days, and clocks are set anew. */
const LONGEST_WAIT_MS = 86_400_000;

/** `{ after }`, if there is something to wait for. */
export function again(after: number | undefined): Again {
  if (after !== undefined) return { after: Math.min(after, LONGEST_WAIT_MS) };
}
