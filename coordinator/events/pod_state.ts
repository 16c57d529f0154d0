import type { ContainerStateTerminated, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { ANNOTATIONS, LABELS, PORT_ANNOTATION, WORKER_CONTAINER } from "../labels.ts";
import type { PodPhase, PodState } from "./pod_event.ts";
import {
  conditionOf,
  containerStatuses,
  type PodProblem,
  podProblem,
  signalOf,
} from "./pod_failure.ts";

/** Reads a pod's state from the object; `deleted` says that the object is gone. */
export function podState(pod: Pod, options: { deleted?: boolean } = {}): PodState {
  const { metadata, spec, status } = pod;
  const labels = metadata?.labels ?? {};
  const terminating = options.deleted === true || metadata?.deletionTimestamp != null;
  const problem = podProblem(pod);
  const canTalk = !terminating && problem?.failure !== "NodeLost" && isRunning(pod);
  const why = reasonOf(pod, problem, terminating);
  const ended = endedLast(pod);
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    workload: labels[LABELS.workload] ?? labels[LABELS.quarantined] ?? "",
    node: spec?.nodeName ?? undefined,
    hostIP: status?.hostIP ?? undefined,
    podIP: status?.podIP ?? undefined,
    port: portOf(pod),
    phase: (status?.phase ?? "Pending") as PodPhase,
    running: canTalk,
    ready: !terminating && conditionOf(pod, "Ready")?.status === "True",
    terminating,
    failure: problem?.failure,
    reason: why?.reason,
    message: why?.message,
    restarts: containerStatuses(pod).reduce((sum, { restartCount }) => sum + restartCount, 0),
    exitCode: ended?.exitCode,
    signal: ended && signalOf(ended),
    labels,
    source: pod,
  };
}

/** The annotation's port (a node agent without pod addresses of its own), else the declared one. */
function portOf(pod: Pod): number | undefined {
  const assigned = Number(pod.metadata?.annotations?.[PORT_ANNOTATION]);
  if (Number.isInteger(assigned) && assigned > 0) return assigned;
  // a cluster may put containers of its own, such as proxies, before the worker's
  const containers = pod.spec?.containers ?? [];
  const worker = containers.find(({ name }) => name === WORKER_CONTAINER) ?? containers[0];
  return worker?.ports?.[0]?.containerPort;
}

function isRunning(pod: Pod): boolean {
  const containers = pod.spec?.containers ?? [];
  const byName = new Map(pod.status?.containerStatuses?.map((status) => [status.name, status]));
  return pod.status?.phase === "Running" && containers.every((container) => {
    const status = byName.get(container.name);
    if (status?.state?.running == null) return false;
    return container.readinessProbe == null || status.ready;
  });
}

/** Why a pod is not running: the most specific of what its object says. */
function reasonOf(
  pod: Pod,
  problem: PodProblem | undefined,
  terminating: boolean,
): Why | undefined {
  const { labels, annotations } = pod.metadata ?? {};
  if (labels?.[LABELS.quarantined] !== undefined) {
    return { reason: "Quarantined", message: text(annotations?.[ANNOTATIONS.quarantineReason]) };
  }
  if (pod.status?.reason) return { reason: pod.status.reason, message: text(pod.status.message) };
  if (problem !== undefined) return { reason: problem.problem, message: problem.message };
  if (terminating) return { reason: "Terminating", message: undefined };
  for (const { state } of pod.status?.containerStatuses ?? []) {
    const why = state?.waiting ?? state?.terminated;
    if (why?.reason) return { reason: why.reason, message: text(why.message) };
  }
  if (isRunning(pod)) return undefined;
  const failed = pod.status?.conditions?.find((c) => c.status !== "True" && c.reason);
  return failed?.reason ? { reason: failed.reason, message: text(failed.message) } : undefined;
}

interface Why {
  reason: string;
  message: string | undefined;
}

function text(value: string | null | undefined): string | undefined {
  return value || undefined;
}

/** How the container ended that ended last; of those for the pod's start, only if it failed. */
function endedLast(pod: Pod): ContainerStateTerminated | undefined {
  const { initContainerStatuses, containerStatuses } = pod.status ?? {};
  const endsOf = (statuses: typeof containerStatuses) =>
    (statuses ?? []).map(({ state, lastState }) => state?.terminated ?? lastState?.terminated)
      .filter((terminated) => terminated != null);
  return [
    ...endsOf(containerStatuses),
    ...endsOf(initContainerStatuses).filter(({ exitCode }) => exitCode !== 0),
  ].sort((a, b) => (b.finishedAt?.getTime() ?? 0) - (a.finishedAt?.getTime() ?? 0))[0];
}
