import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import {
  firstCondition,
  identityOf,
  isEnding,
  isObserved,
  NOTHING,
  type StateOptions,
  whyOf,
} from "./head_fields.ts";
import type { DeploymentState } from "./workload_event.ts";

/** Conditions that say that it does not get on, the most telling first. */
const STALLED = [["ReplicaFailure", "True"], ["Progressing", "False"]] as const;

/** Conditions that explain, the most telling first, with the status in which they do. */
const TELLING = [...STALLED, ["Available", "False"], ["Progressing", "True"]] as const;

/** Reads a Deployment's state from the object; `deleted` says that the object is gone. */
export function deploymentState(
  deployment: Deployment,
  options: StateOptions = {},
): DeploymentState {
  const { metadata, spec, status } = deployment;
  const ending = isEnding(metadata, options);
  const observed = isObserved(metadata, status);
  const replicas = spec?.replicas ?? 1;
  const counts = {
    readyReplicas: status?.readyReplicas ?? 0,
    availableReplicas: status?.availableReplicas ?? 0,
    updatedReplicas: status?.updatedReplicas ?? 0,
  };
  // the controller has seen the last change, all of it runs, and nothing older is left
  const ready = !ending && observed && (status?.replicas ?? 0) === replicas &&
    Object.values(counts).every((count) => count === replicas);
  const conditions = observed ? status?.conditions : undefined;
  return {
    kind: "Deployment",
    ...identityOf(metadata),
    replicas,
    ...counts,
    ready,
    complete: false,
    stalled: !ending && !ready && firstCondition(conditions, STALLED) !== undefined,
    ...(ready ? NOTHING : whyOf(ending, firstCondition(conditions, TELLING))),
    source: deployment,
  };
}
