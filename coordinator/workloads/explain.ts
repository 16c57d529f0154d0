import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import type { NamespaceView } from "../cluster_view.ts";
import { deploymentState } from "../events/deployment_state.ts";
import type { PodState } from "../events/events.ts";
import { explainWorkload as explainState } from "../recorder/explain_workload.ts";

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
  if (found !== undefined) parts.push(...explainState(deploymentState(found), states));
  else if (deployments.health.synced) parts.push("no deployment is to be seen");
  return parts.join("; ");
}
