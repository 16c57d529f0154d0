import type { PolicyRule } from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";

/** Options of {@linkcode coordinatorRules}. */
export interface CoordinatorRulesOptions {
  /**
   * Whether the coordinator deletes workloads.
   * @default false
   */
  deletes?: boolean;
  /**
   * The Deployment that the coordinator was told as `owner`, which it reads.
   * @default none
   */
  owner?: string;
}

/**
 * What a coordinator does in a namespace, and so what its Role holds: it applies Deployments and
 * ServiceAccounts (an apply that creates needs `create` beside `patch`), and watches Deployments
 * and Pods.
 */
export function coordinatorRules(options: CoordinatorRulesOptions = {}): PolicyRule[] {
  const deployments = ["create", "list", "patch", "watch"];
  if (options.deletes) deployments.push("deletecollection");
  const { owner } = options;
  return [
    { apiGroups: ["apps"], resources: ["deployments"], verbs: deployments },
    ...(owner === undefined ? [] : [
      { apiGroups: ["apps"], resources: ["deployments"], resourceNames: [owner], verbs: ["get"] },
    ]),
    { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["create", "get", "patch"] },
  ];
}
