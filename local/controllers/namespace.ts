/**
 * The namespace controller: empties a namespace that is being deleted, and then lets it go.
 *
 * @module
 */
import { isConflict, isNotFound, type Reconciler } from "../../kube/mod.ts";
import { isDeleting, type Namespace, NAMESPACES, type ServedKind } from "../objects/mod.ts";
import { type Again, type ControllerContext, reconcilerOf } from "./context.ts";

/** The finalizer in a namespace's spec that stands for this controller. */
const FINALIZER = "kubernetes";

/** How long to wait for objects that take their time to go, such as pods. */
const POLL_MS = 250;

/** Options of {@linkcode namespaceController}. */
export interface NamespaceControllerOptions {
  /** What the server serves. */
  readonly served: readonly ServedKind[];
}

/** Starts emptying namespaces. */
export function namespaceController(
  context: ControllerContext,
  { served }: NamespaceControllerOptions,
): Reconciler {
  const { client } = context;
  const namespaces = context.informers.of(NAMESPACES);
  const kinds = served.filter(({ namespaced, verbs }) =>
    namespaced && verbs.has("list") && verbs.has("delete")
  );
  const reconciler = reconcilerOf(context, { name: "namespace", reconcile });
  namespaces.onChange(({ object }) => {
    if (isEnding(object)) reconciler.enqueue(object.metadata.name);
  });
  return reconciler;

  async function reconcile(name: string, signal: AbortSignal): Promise<Again> {
    const namespace = namespaces.get(name);
    if (!namespace || !isEnding(namespace)) return;
    const left = await Promise.all(kinds.map((kind) => empty(kind, name, signal)));
    if (left.some((count) => count > 0)) return { after: POLL_MS };
    const finalizers = (namespace.spec?.finalizers ?? []).filter((one) => one !== FINALIZER);
    const object = { ...namespace, spec: { ...namespace.spec, finalizers } };
    await client.write({ verb: "update", kind: NAMESPACES, object, subresource: "finalize" }, {
      signal,
    });
  }

  /** Deletes what there is of a kind and tells how many are still there. */
  async function empty(kind: ServedKind, namespace: string, signal: AbortSignal): Promise<number> {
    const present = await client.list(kind, { namespace }, { signal });
    const ready = present.filter((item) => !isDeleting(item));
    if (ready.length === 0) return present.length;
    if (kind.verbs.has("deletecollection")) {
      await client.deleteAll(kind, { namespace }, { signal });
    } else {
      await Promise.all(ready.map(async ({ metadata: { name, uid } }) => {
        try {
          const target = { namespace, name };
          await client.write({ verb: "delete", kind, target, options: { uid } }, { signal });
        } catch (error) {
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
      }));
    }
    return (await client.list(kind, { namespace }, { signal })).length;
  }
}

function isEnding(namespace: Namespace): boolean {
  return isDeleting(namespace) && (namespace.spec?.finalizers ?? []).includes(FINALIZER);
}
