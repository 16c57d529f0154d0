import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { DeploymentState } from "./events.ts";
import { LABELS } from "../labels.ts";

/** Reads a deployment's state from the object; `deleted` says that the object is gone. */
export function deploymentState(
  deployment: Deployment,
  options: { deleted?: boolean } = {},
): DeploymentState {
  const { metadata, status } = deployment;
  const labels = metadata?.labels ?? {};
  const ending = options.deleted === true || metadata?.deletionTimestamp != null;
  const ready = !ending && isReady(deployment);
  const why = ready ? undefined : reasonOf(deployment, ending);
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    workload: labels[LABELS.workload] ?? "",
    replicas: wanted(deployment),
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: status?.availableReplicas ?? 0,
    updatedReplicas: status?.updatedReplicas ?? 0,
    ready,
    reason: why?.reason,
    message: why?.message,
    labels,
    source: deployment,
  };
}

function wanted(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

/** The controller has seen the last change, all of it runs, and nothing older is left. */
function isReady(deployment: Deployment): boolean {
  const { status } = deployment;
  const replicas = wanted(deployment);
  return isObserved(deployment) &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.readyReplicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas &&
    (status?.replicas ?? 0) === replicas;
}

/** Whether the status speaks of what was last applied. */
function isObserved({ metadata, status }: Deployment): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 1);
}

/** Conditions that explain, the most telling first, with the status in which they do. */
const TELLING: readonly (readonly [type: string, status: string])[] = [
  ["ReplicaFailure", "True"],
  ["Progressing", "False"],
  ["Available", "False"],
  ["Progressing", "True"],
];

function reasonOf(
  deployment: Deployment,
  ending: boolean,
): { reason: string; message: string | undefined } | undefined {
  if (ending) return { reason: "Terminating", message: undefined };
  if (!isObserved(deployment)) return undefined;
  for (const [type, status] of TELLING) {
    const found = deployment.status?.conditions?.find((c) => c.type === type);
    if (found?.status === status && found.reason) {
      return { reason: found.reason, message: found.message || undefined };
    }
  }
  return undefined;
}
