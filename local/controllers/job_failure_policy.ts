/**
 * What the failure of a pod means by the `podFailurePolicy` of its Job.
 *
 * @module
 */
import type { Job, Pod, PodFailureRule } from "../objects/mod.ts";

/** What a failure means. */
export interface FailureVerdict {
  readonly action: "Count" | "FailIndex" | "FailJob" | "Ignore";
  /** Why, if a rule says so. */
  readonly message?: string;
}

/** The verdict of the first rule that matches a failed pod; without any it counts. */
export function verdictOn(pod: Pod, job: Job): FailureVerdict {
  // of a pod that is still being deleted it is not yet known how it ends
  if (pod.status?.phase !== "Failed") return { action: "Count" };
  for (const [i, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const action = rule.action as FailureVerdict["action"];
    const what = byExitCode(pod, rule) ?? byCondition(pod, rule);
    if (what) return { action, message: `${what} matching ${action} rule at index ${i}` };
  }
  return { action: "Count" };
}

function byExitCode(pod: Pod, { onExitCodes }: PodFailureRule): string | undefined {
  if (!onExitCodes) return undefined;
  const { containerName, operator, values } = onExitCodes;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  for (const { name, state } of [...containerStatuses, ...initContainerStatuses]) {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName && name !== containerName)) continue;
    if (values.includes(code) !== (operator === "In")) continue;
    const { namespace, name: podName } = pod.metadata;
    return `Container ${name} for pod ${namespace}/${podName} failed with exit code ${code}`;
  }
  return undefined;
}

function byCondition(pod: Pod, { onPodConditions }: PodFailureRule): string | undefined {
  for (const { type, status = "True" } of onPodConditions ?? []) {
    const found = pod.status?.conditions?.some((one) => one.type === type && one.status === status);
    const { namespace, name } = pod.metadata;
    if (found) return `Pod ${namespace}/${name} has condition ${type}`;
  }
  return undefined;
}
