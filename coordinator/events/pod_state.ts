import type { ContainerStatus, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { PodPhase, PodState } from "./events.ts";
import { LABELS, PORT_ANNOTATION, WORKER_CONTAINER } from "../labels.ts";

/** Reads a pod's state from the object; `deleted` says that the object is gone. */
export function podState(pod: Pod, options: { deleted?: boolean } = {}): PodState {
  const { metadata, spec, status } = pod;
  const labels = metadata?.labels ?? {};
  const ending = options.deleted === true || metadata?.deletionTimestamp != null;
  const why = reasonOf(pod, ending);
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    workload: labels[LABELS.workload] ?? "",
    node: spec?.nodeName ?? undefined,
    hostIP: status?.hostIP ?? undefined,
    podIP: status?.podIP ?? undefined,
    port: portOf(pod),
    phase: (status?.phase ?? "Pending") as PodPhase,
    running: !ending && isRunning(pod),
    ready: !ending && hasCondition(pod, "Ready"),
    reason: why?.reason,
    message: why?.message,
    restarts: statuses(pod).reduce((sum, container) => sum + container.restartCount, 0),
    exitCode: lastExitCode(pod),
    labels,
    source: pod,
  };
}

function statuses(pod: Pod): ContainerStatus[] {
  return pod.status?.containerStatuses ?? [];
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false;
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
  const byName = new Map(statuses(pod).map((status) => [status.name, status]));
  return pod.status?.phase === "Running" && containers.every((container) => {
    const status = byName.get(container.name);
    if (status?.state?.running == null) return false;
    return container.readinessProbe == null || status.ready;
  });
}

/** Why a pod is not running: the most specific of what its object says. */
function reasonOf(pod: Pod, ending: boolean): Why | undefined {
  if (pod.status?.reason) return { reason: pod.status.reason, message: text(pod.status.message) };
  if (ending) return { reason: "Terminating", message: undefined };
  for (const { state } of statuses(pod)) {
    const why = state?.waiting ?? state?.terminated;
    if (why?.reason) return { reason: why.reason, message: text(why.message) };
  }
  if (pod.status?.phase === "Running" && isRunning(pod)) return undefined;
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

function lastExitCode(pod: Pod): number | undefined {
  const ended = statuses(pod)
    .map(({ state, lastState }) => state?.terminated ?? lastState?.terminated)
    .filter((terminated) => terminated != null)
    .sort((a, b) => (b.finishedAt?.getTime() ?? 0) - (a.finishedAt?.getTime() ?? 0));
  return ended[0]?.exitCode;
}
