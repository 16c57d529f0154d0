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
  /**
   * Whether the coordinator reads its pods' logs.
   * @default false
   */
  logs?: boolean;
  /**
   * Whether the coordinator runs commands in its pods. They go by WebSocket, which API servers judge as
   * `get`, and from Kubernetes 1.35 on as `create` too.
   * @default false
   */
  exec?: boolean;
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
    ...(options.logs ? [{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }] : []),
    ...(options.exec
      ? [{ apiGroups: [""], resources: ["pods/exec"], verbs: ["create", "get"] }]
      : []),
    { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["create", "get", "patch"] },
  ];
}
