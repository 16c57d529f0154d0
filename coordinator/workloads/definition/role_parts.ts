import type { Role, RoleBinding } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { primitiveRules } from "../../../manifests/mod.ts";
import type { Part } from "../../heads.ts";
import type { CheckedRunParams } from "../run_params.ts";

const GROUP = "rbac.authorization.k8s.io";

/** What lets a workload's pods use its primitives: a Role for these alone, given to the workload's account. */
export function roleParts(params: CheckedRunParams, metadata: Part["metadata"]): Part[] {
  const { name, namespace, primitives = [] } = params;
  if (primitives.length === 0) return [];
  const role: Role = { metadata, rules: primitiveRules(primitives) };
  const binding: RoleBinding = {
    metadata,
    roleRef: { apiGroup: GROUP, kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
  return [
    { ...role, apiVersion: `${GROUP}/v1`, kind: "Role" },
    { ...binding, apiVersion: `${GROUP}/v1`, kind: "RoleBinding" },
  ];
}
