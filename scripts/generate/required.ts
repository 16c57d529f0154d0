/**
 * Fields that a server's document and the one that the real package is made from disagree on:
 * newer versions of Kubernetes call other fields required. What the real package says holds, so
 * that code which passes the type checker here passes it there, and what is read here is read
 * there.
 */

/** By group and definition: the fields that differ, and whether they are required. */
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  "apps/v1 StatefulSetSpec": { serviceName: true },
  "authentication.k8s.io/v1 TokenRequest": { spec: true },
  "authentication.k8s.io/v1 TokenRequestSpec": { audiences: true },
  "authentication.k8s.io/v1 TokenRequestStatus": { expirationTimestamp: true, token: true },
  "authentication.k8s.io/v1 TokenReviewSpec": { token: false },
  "autoscaling/v1 HorizontalPodAutoscaler": { spec: false },
  "batch/v1 CronJob": { spec: false },
  "batch/v1 PodFailurePolicyOnPodConditionsPattern": { status: true },
  "discovery.k8s.io/v1 EndpointSlice": { endpoints: true },
  "policy/v1 PodDisruptionBudgetStatus": {
    currentHealthy: true,
    desiredHealthy: true,
    disruptionsAllowed: true,
    expectedPods: true,
  },
  "rbac.authorization.k8s.io/v1 RoleRef": { apiGroup: true },
};

/** Whether a field is required, by the document unless the real package says otherwise. */
export function isRequired(
  definition: { group: string; name: string; required?: readonly string[] },
  field: string,
): boolean {
  const { group, name, required = [] } = definition;
  return DIFFERENT[`${group} ${name}`]?.[field] ?? required.includes(field);
}
