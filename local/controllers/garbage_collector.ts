/**
 * The garbage collector: deletes objects whose owners are gone, sees to foreground deletions
 * and to orphaning, for all kinds that the server served when it was started.
 *
 * Flow: every change of every kind goes into one graph of owners; the graph names the objects
 * that must be judged; a reconciler judges them one by one, asks the server for owners that
 * the graph does not know (they may be newer than the caches), and writes the verdict.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import {
  type Kind,
  type Meta,
  metadataKind,
  type OwnerReference,
  type ServedKind,
} from "../objects/mod.ts";
import { type ControllerContext, reconcilerOf } from "./context.ts";
import { OwnerGraph } from "./owner_graph.ts";

/** Events own nothing, are owned by nothing, and are many. */
const IGNORED = new Set(["Event"]);

/** Objects judged at the same time; mirrors concurrent-gc-syncs. */
const PARALLEL = 20;

/** Owners known to be gone; the oldest are asked for again. */
const ABSENT_LIMIT = 2000;

/** The kinds that take part in ownership, as they can be watched and deleted. */
export function collectableKinds(served: readonly ServedKind[]): ServedKind[] {
  const needed = ["list", "watch", "delete", "patch"];
  return served.filter(({ kind, verbs }) =>
    !IGNORED.has(kind) && needed.every((verb) => verbs.has(verb))
  );
}

/** Options of {@linkcode garbageCollector}. */
export interface GarbageCollectorOptions {
  /** What the server serves. */
  readonly served: readonly ServedKind[];
}

/** Starts collecting garbage. */
export function garbageCollector(
  context: ControllerContext,
  { served }: GarbageCollectorOptions,
): Reconciler {
  const { client, informers } = context;
  const graph = new OwnerGraph();
  const kinds = collectableKinds(served).map(metadataKind);
  const absent = new Set<string>();
  let complete = false;
  const reconciler = reconcilerOf(context, {
    name: "garbage collector",
    reconcile: judge,
    workers: PARALLEL,
  });

  for (const kind of kinds) {
    informers.of(kind).onChange((change) => {
      if (change.type === "deleted") remember(change.object.metadata.uid);
      const suspects = graph.apply(kind, change);
      // while the caches fill, owners look absent that are just not read yet
      if (complete) suspects.forEach((uid) => reconciler.enqueue(uid));
    });
  }
  context.synced.then(() => {
    complete = true;
    for (const uid of graph.suspects()) reconciler.enqueue(uid);
  }, () => {}); // closed before it was complete
  return reconciler;

  async function judge(uid: string, signal: AbortSignal): Promise<void> {
    const unknown = graph.unknownOwners(uid);
    for (const owner of unknown?.owners ?? []) {
      if (absent.has(owner.uid)) continue;
      if (unknown && await isAbsent(owner, unknown.meta, signal)) remember(owner.uid);
    }
    const { writes, next } = graph.judge(uid, absent);
    for (const write of writes) {
      try {
        await client.write(write, { signal });
      } catch (error) {
        if (isNotFound(error)) continue;
        // another object has the name: the cache will hear of it
        if (write.verb === "delete" && isConflict(error)) continue;
        throw error;
      }
    }
    next.forEach((dependent) => reconciler.enqueue(dependent));
  }

  async function isAbsent(
    owner: OwnerReference,
    dependent: Meta,
    signal: AbortSignal,
  ): Promise<boolean> {
    const kind = kindOf(owner);
    // what cannot be looked up is taken to be there: deleting by mistake cannot be undone
    if (!kind || (kind.namespaced && !dependent.namespace)) return false;
    try {
      const target = { namespace: dependent.namespace, name: owner.name };
      const found = await client.get(kind, target, { signal });
      return found.metadata.uid !== owner.uid;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  function kindOf({ apiVersion, kind }: OwnerReference): Kind | undefined {
    const group = groupOf(apiVersion);
    return kinds.find((one) => one.kind === kind && groupOf(one.apiVersion) === group);
  }

  function remember(uid: string): void {
    const [oldest] = absent;
    if (oldest !== undefined && absent.size >= ABSENT_LIMIT) absent.delete(oldest);
    absent.add(uid);
  }
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}
