import type { PodSecurityContext, SecurityContext } from "@cloudydeno/kubernetes-apis/core/v1";
import type { CheckedRunParams } from "../run_params.ts";

/** What a restricted pod says of its security, with what the user overrides. */
export function podSecurity(
  { security = {}, storage }: CheckedRunParams,
  restricted: PodSecurityContext,
): PodSecurityContext {
  const { user, group = user || undefined, seccomp } = security;
  // a new disk belongs to root: without a group of its own the worker could not write to it
  const fsGroup = security.fsGroup ??
    (storage === undefined ? undefined : group ?? restricted.runAsGroup);
  return {
    ...restricted,
    ...(user !== undefined && { runAsUser: user, runAsNonRoot: user !== 0 }),
    ...(group !== undefined && { runAsGroup: group }),
    ...(fsGroup != null && { fsGroup, fsGroupChangePolicy: "OnRootMismatch" }),
    ...(seccomp !== undefined && { seccompProfile: { type: seccomp } }),
  };
}

/** What a restricted container says of its security, with what the user overrides. */
export function containerSecurity(
  { security = {} }: CheckedRunParams,
  restricted: SecurityContext,
): SecurityContext {
  const { writableRoot, capabilities = [], privileged, privilegeEscalation = privileged } =
    security;
  return {
    ...restricted,
    ...(writableRoot && { readOnlyRootFilesystem: false }),
    ...(privilegeEscalation && { allowPrivilegeEscalation: true }),
    ...(privileged && { privileged: true }),
    ...(capabilities.length > 0 && {
      capabilities: { ...restricted.capabilities, add: capabilities },
    }),
  };
}
