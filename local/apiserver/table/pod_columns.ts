/**
 * The columns of pods. STATUS tells what is most worth knowing: why a container waits or ended,
 * how far initialization is, that the pod is terminating.
 *
 * @module
 */

import type { JsonObject } from "../schema/mod.ts";
import { AGE, type Column, items, since, wide } from "./cells.ts";

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  /** Milliseconds since 1970, 0 if never. */
  lastRestart: number;
}

/** The columns of pods. */
export const POD_COLUMNS: Column[] = [
  {
    name: "Ready",
    cell: (pod) => {
      const { ready, total } = summarize(pod);
      return `${ready}/${total}`;
    },
  },
  { name: "Status", cell: (pod) => summarize(pod).reason },
  { name: "Restarts", cell: restartsText },
  AGE,
  wide("IP", (pod) => items(pod.status?.podIPs)[0]?.ip || pod.status?.podIP || "<none>"),
  wide("Node", (pod) => pod.spec?.nodeName || "<none>"),
  wide("Nominated Node", (pod) => pod.status?.nominatedNodeName || "<none>"),
  wide("Readiness Gates", readinessGates),
];

function restartsText(pod: JsonObject, now: number): string {
  const { restarts, lastRestart } = summarize(pod);
  if (restarts === 0 || lastRestart === 0) return String(restarts);
  return `${restarts} (${since(new Date(lastRestart).toISOString(), now)} ago)`;
}

function readinessGates(pod: JsonObject): string {
  const gates = items(pod.spec?.readinessGates);
  if (gates.length === 0) return "<none>";
  const passed = gates.filter((gate) => hasCondition(pod, gate.conditionType)).length;
  return `${passed}/${gates.length}`;
}

function hasCondition(pod: JsonObject, type: string): boolean {
  return items(pod.status?.conditions).some((c) => c.type === type && c.status === "True");
}

function summarize(pod: JsonObject): Summary {
  const status = pod.status ?? {};
  const sidecars = new Set(
    items(pod.spec?.initContainers).filter((c) => c.restartPolicy === "Always").map((c) => c.name),
  );
  const out: Summary = {
    reason: status.reason || status.phase || "",
    ready: 0,
    total: items(pod.spec?.containers).length + sidecars.size,
    restarts: 0,
    lastRestart: 0,
  };
  const gated = items(status.conditions).some((c) =>
    c.type === "PodScheduled" && c.reason === "SchedulingGated"
  );
  if (gated) out.reason = "SchedulingGated";
  const initializing = initialization(pod, sidecars, out);
  if (!initializing || hasCondition(pod, "Initialized")) running(pod, sidecars, out);
  if (pod.metadata?.deletionTimestamp) {
    if (status.reason === "NodeLost") out.reason = "Unknown";
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") out.reason = "Terminating";
  }
  return out;
}

/** Counts what init containers did; whether one of them is not done. */
function initialization(pod: JsonObject, sidecars: Set<string>, out: Summary): boolean {
  const statuses = items(pod.status?.initContainerStatuses);
  for (const [i, container] of statuses.entries()) {
    countRestarts(container, out);
    const { terminated, waiting } = container.state ?? {};
    if (terminated && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) out.ready++;
      continue;
    }
    if (terminated) out.reason = `Init:${endReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") {
      out.reason = `Init:${waiting.reason}`;
    } else out.reason = `Init:${i}/${items(pod.spec?.initContainers).length}`;
    return true;
  }
  return false;
}

/** Counts what the containers do. Restarts of init containers that are over count no more. */
function running(pod: JsonObject, sidecars: Set<string>, out: Summary): void {
  out.restarts = 0;
  out.lastRestart = 0;
  for (const container of items(pod.status?.initContainerStatuses)) {
    if (sidecars.has(container.name)) countRestarts(container, out);
  }
  let anyRunning = false;
  for (const container of items(pod.status?.containerStatuses).toReversed()) {
    countRestarts(container, out);
    const { terminated, waiting, running } = container.state ?? {};
    if (waiting?.reason) out.reason = waiting.reason;
    else if (terminated) out.reason = endReason(terminated);
    else if (container.ready && running) {
      anyRunning = true;
      out.ready++;
    }
  }
  if (out.reason === "Completed" && anyRunning) {
    out.reason = hasCondition(pod, "Ready") ? "Running" : "NotReady";
  }
}

function endReason(terminated: JsonObject): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
}

function countRestarts(container: JsonObject, out: Summary): void {
  out.restarts += container.restartCount ?? 0;
  const finished = Date.parse(container.lastState?.terminated?.finishedAt ?? "");
  if (finished > out.lastRestart) out.lastRestart = finished;
}

/** What a row of a pod that is over says beside its cells. */
export function podRowConditions(pod: JsonObject): JsonObject[] | undefined {
  const phase = pod.status?.phase;
  if (phase !== "Succeeded" && phase !== "Failed") return undefined;
  const message = phase === "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  return [{ type: "Completed", status: "True", reason: phase, message }];
}
