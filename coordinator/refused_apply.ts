import { ApiError, isForbidden } from "../kube/mod.ts";

/**
 * The error of an apply, with its reason if the server gave none.
 *
 * An apply that would create needs the verb `create` beside `patch`. Where that is missing,
 * kube-apiserver answers 403 without saying of what (`deployments.apps "a" is forbidden: `);
 * a missing `patch` is told by name.
 */
export function explainRefusedApply(error: unknown): unknown {
  if (!isForbidden(error) || error.message.includes("verbs:")) return error;
  const { details, message = "" } = error.status ?? {};
  if (details === undefined || !/ is forbidden:\s*$/.test(message)) return error;
  const { group = "", kind: resource = error.resource } = details;
  const { namespace, objectName: name, httpCode, reason, status } = error;
  const rule = `{ apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["create"] }`;
  return new ApiError(
    `Cannot create ${resource} "${name}" in namespace "${namespace}": forbidden; ` +
      `grant it with a Role rule ${rule}`,
    { httpCode, reason, status, verb: "create", resource, name, namespace },
  );
}
