import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { NamespaceView } from "../cluster_view.ts";
import { deploymentState } from "../events/deployment_state.ts";
import type { PodState } from "../events/events.ts";

/** How many pods are explained; the others are counted. */
const EXPLAINED_PODS = 3;

/** What is there of a workload, and for what is not ready why; for a message. */
export function explainWorkload(
  { deployments, pods }: NamespaceView,
  found: Deployment | undefined,
  states: readonly PodState[],
): string {
  const parts: string[] = [];
  const cut = [deployments.health, pods.health].find(({ state }) => state !== "synced");
  if (cut) {
    const why = cut.lastError === undefined ? "" : ` (${cut.lastError.message})`;
    parts.push(`the connection is ${cut.state}${why}`);
  }
  if (found !== undefined) parts.push(...explainDeployment(found));
  else if (deployments.health.synced) parts.push("no deployment is to be seen");
  const waiting = states.filter((pod) => !pod.ready);
  parts.push(...waiting.slice(0, EXPLAINED_PODS).map(explainPod));
  if (waiting.length > EXPLAINED_PODS) parts.push(`${waiting.length - EXPLAINED_PODS} more pods`);
  return parts.join("; ");
}

function explainDeployment(found: Deployment): string[] {
  const { readyReplicas, replicas, reason, message } = deploymentState(found);
  const parts = [`${readyReplicas} of ${replicas} ready`];
  if (found.status?.conditions?.some((c) => c.type === "ReplicaFailure" && c.status === "True")) {
    parts.push([reason, message].filter(Boolean).join(": "));
  }
  return parts;
}

function explainPod(pod: PodState): string {
  const why = [pod.reason ?? pod.phase, pod.message].filter(Boolean).join(": ");
  const ended = pod.exitCode === undefined
    ? ""
    : ` (exit code ${pod.exitCode}, ${pod.restarts} restarts)`;
  return `pod "${pod.name}" ${why}${ended}`;
}
