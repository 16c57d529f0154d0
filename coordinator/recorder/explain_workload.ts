import type { Event } from "@cloudydeno/kubernetes-apis/core/v1";
import type { NodeState, PodState, WorkloadState } from "../events/events.ts";
import { because, explain } from "./explain_pod.ts";
import { lastWarning } from "./last_warning.ts";

/** How many causes are told; the pods that have others are counted. */
const CAUSES = 3;

/** What else is known; each makes the answer more exact. */
export interface ExplainWorkloadOptions {
  /** Nodes that the pods are on. */
  nodes?: readonly NodeState[];
  /** Events of the API server about the workload and its pods. */
  events?: readonly Event[];
  /** The last lines that pods logged before they ended, by the pods' names. */
  logs?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Says how far a workload is and what holds it up: one sentence for each cause, without a full
 * stop. Pods that are held up by the same are told as one.
 *
 * @param pods those of the workload; the ones that are ready or have succeeded are left out
 */
export function explainWorkload(
  workload: WorkloadState,
  pods: readonly PodState[],
  options: ExplainWorkloadOptions = {},
): string[] {
  const sentences = [howFar(workload), ...explainHead(workload, options)];
  const waiting = pods.filter((pod) => !pod.ready && pod.phase !== "Succeeded");
  const causes = [...Map.groupBy(waiting, causeOf).values()]
    .sort((a, b) => Number(b[0]!.failure !== undefined) - Number(a[0]!.failure !== undefined));
  for (const alike of causes.slice(0, CAUSES)) sentences.push(...explainAlike(alike, options));
  const rest = causes.slice(CAUSES).reduce((sum, { length }) => sum + length, 0);
  if (rest > 0) sentences.push(`${rest} more ${rest === 1 ? "pod" : "pods"}`);
  return sentences;
}

function howFar(workload: WorkloadState): string {
  if (workload.kind === "CronJob") {
    return workload.suspended ? "its schedule is suspended" : `${workload.active} jobs run`;
  }
  if (workload.kind === "Job") {
    const { completions } = workload.source.spec ?? {};
    return `${workload.succeeded} of ${completions ?? 1} succeeded, ${workload.failed} failed`;
  }
  return `${workload.readyReplicas} of ${workload.replicas} ready`;
}

/** What the workload's own object says, and the events about it. */
function explainHead(workload: WorkloadState, { events }: ExplainWorkloadOptions): string[] {
  const refused = refusal(workload) ?? lastWarning(workload, events, ["FailedCreate"]);
  if (!workload.ready && refused?.message) return [explainRefusal(refused.message)];
  if (workload.reason === "ProgressDeadlineExceeded" && workload.kind === "Deployment") {
    const seconds = workload.source.spec?.progressDeadlineSeconds ?? 600;
    return [`the rollout has not come further for ${seconds} s`];
  }
  return workload.stalled ? [`it has failed${because(workload)}`] : [];
}

function refusal({ source }: WorkloadState): { message?: string | null } | undefined {
  const conditions = "conditions" in (source.status ?? {})
    ? (source.status as {
      conditions?: { type: string; status: string; message?: string }[] | null;
    })
      .conditions
    : undefined;
  return conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
}

/** Why the API server refuses to make pods; it says so only in words. */
function explainRefusal(message: string): string {
  if (message.includes("exceeded quota")) {
    return `pods cannot be made, the namespace's quota is used up: ${message}`;
  }
  if (/forbidden/i.test(message)) return `pods cannot be made, they are forbidden: ${message}`;
  return `pods cannot be made: ${message}`;
}

/** What pods have in common that are told as one. */
function causeOf(pod: PodState): string {
  const { failure, reason, phase, terminating, exitCode } = pod;
  return JSON.stringify([failure ?? reason ?? phase, terminating, exitCode]);
}

function explainAlike(alike: PodState[], options: ExplainWorkloadOptions): string[] {
  const { nodes, events, logs } = options;
  // one whose log is there says most
  const pod = alike.find(({ name }) => logs?.has(name)) ?? alike[0]!;
  const node = nodes?.find(({ name }) => name === pod.node);
  const [first, ...others] = explain(pod, { node, events, log: logs?.get(pod.name) });
  const more = alike.length > 1 ? ` (${alike.length - 1} more likewise)` : "";
  return [first! + more, ...others];
}
