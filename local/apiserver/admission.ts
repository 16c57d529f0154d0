/** What stands between a valid object and its creation: the namespace's life, service accounts. */
import type { Backend } from "./backend.ts";
import { forbidden, notFound } from "./errors.ts";
import { type KindInfo, resource } from "./kinds.ts";
import { type ApiObject, at } from "./object.ts";

const NAMESPACES = resource("v1", "namespaces");
/** Namespaces that cannot be deleted. */
export const IMMORTAL_NAMESPACES: readonly string[] = ["default", "kube-system", "kube-public"];

/** Refuses creation where the namespace is missing or being terminated. */
export function admitToNamespace(
  backend: Backend,
  kind: KindInfo,
  input: { namespace: string; name: string },
): void {
  if (!kind.namespaced) return;
  const found = backend.store.get("namespaces", "", input.namespace);
  if (!found) throw notFound(NAMESPACES, input.namespace);
  if (!found.object.metadata.deletionTimestamp) return;
  throw forbidden(
    kind,
    input.name,
    `unable to create new content in namespace ${input.namespace} because it is being terminated`,
    [{
      reason: "NamespaceTerminating",
      message: `namespace ${input.namespace} is being terminated`,
      field: "metadata.namespace",
    }],
  );
}

/**
 * Refuses pods that run as a service account that is not there. Not so for "default": its
 * controller may still be about to make it.
 */
export function admitPod(backend: Backend, kind: KindInfo, pod: ApiObject): void {
  const account = String(at(pod, "spec", "serviceAccountName") ?? "default");
  const { namespace = "", name = "" } = pod.metadata;
  if (account === "default" || backend.store.get("serviceaccounts", namespace, account)) return;
  throw forbidden(
    kind,
    name,
    `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`,
  );
}
