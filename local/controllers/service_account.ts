/**
 * The service account controller: every namespace has a service account named `default`.
 *
 * @module
 */
import { isAlreadyExists, isNotFound, type Reconciler } from "../../kube/mod.ts";
import { isDeleting, NAMESPACES, SERVICE_ACCOUNTS } from "../objects/mod.ts";
import { type ControllerContext, reconcilerOf } from "./context.ts";
import { isNamespaceEnding } from "./namespace_ending.ts";

const DEFAULT = "default";

/** Starts keeping a default service account in every namespace. */
export function serviceAccountController(context: ControllerContext): Reconciler {
  const namespaces = context.informers.of(NAMESPACES);
  const accounts = context.informers.of(SERVICE_ACCOUNTS);
  const reconciler = reconcilerOf(context, { name: "serviceaccount", reconcile });

  namespaces.onChange(({ object }) => reconciler.enqueue(object.metadata.name));
  accounts.onChange(({ type, object: { metadata: { name, namespace } } }) => {
    if (type === "deleted" && name === DEFAULT && namespace) reconciler.enqueue(namespace);
  });
  return reconciler;

  async function reconcile(namespace: string, signal: AbortSignal): Promise<void> {
    const found = namespaces.get(namespace);
    if (!found || isDeleting(found) || accounts.get(`${namespace}/${DEFAULT}`)) return;
    const { apiVersion, kind } = SERVICE_ACCOUNTS;
    const object = { apiVersion, kind, metadata: { name: DEFAULT, namespace } };
    try {
      await context.client.write({ verb: "create", kind: SERVICE_ACCOUNTS, object }, { signal });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceEnding(error)) throw error;
    }
  }
}
