import type { Event, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type {
  NodeState,
  PodEvent,
  PodFailingEvent,
  PodState,
  WorkloadState,
} from "../events/events.ts";
import { LABELS } from "../labels.ts";
import { podEvents } from "../events/pod_events.ts";
import { howEnded } from "./how_ended.ts";
import { lastWarning } from "./last_warning.ts";

/** How many lines of a log a sentence quotes. */
const LOG_LINES = 5;

/** What else is known; each makes the answer more exact. */
export interface ExplainOptions {
  /** The workload that the pod belongs to. */
  workload?: WorkloadState;
  /** The node that the pod is on. */
  node?: NodeState;
  /** Events of the API server about the pod; those about other objects are left out. */
  events?: readonly Event[];
  /** The last lines that the container logged before it ended. */
  log?: readonly string[];
}

/**
 * Says why a pod is in its state: one sentence for each cause, without a full stop, the most
 * telling first. Those that follow the first are about the same pod.
 *
 * @example
 * ```ts ignore
 * for (const pod of await workload.pods()) console.log(explain(pod).join("; "));
 * // pod "worker-7f" cannot pull image "worker:lates": manifest unknown (ErrImagePull)
 * ```
 */
export function explain(pod: PodState, options: ExplainOptions = {}): string[] {
  const { node, workload, log = [] } = options;
  const sentences = [`pod "${pod.name}" ${explainState(pod, options)}`];
  if (node !== undefined && !node.ready && pod.failure !== "NodeLost") {
    sentences.push(`its node "${node.name}" is lost${because(node)}`);
  }
  if (pod.terminating && workload?.source.metadata?.deletionTimestamp != null) {
    sentences.push(`its workload "${workload.name}" is being deleted`);
  }
  const lines = log.slice(-LOG_LINES).map((line) => line.trimEnd()).filter(Boolean);
  if (lines.length > 0) {
    sentences.push(`its log ends with ${lines.map((line) => JSON.stringify(line)).join(", ")}`);
  }
  return sentences;
}

/** What is to be said after the pod's name. */
export function explainState(pod: PodState, options: ExplainOptions = {}): string {
  if (pod.labels[LABELS.quarantined] !== undefined) { // what else there is came of that
    return `was taken out of workload "${pod.workload}"${because(pod)}`;
  }
  const [event] = podEvents(undefined, pod, { replayed: true });
  if (pod.failure !== undefined && event!.type !== "failing") {
    const [failing] = podEvents(undefined, pod).filter((e) => e.type === "failing");
    return explainFailure(failing!, options);
  }
  return explainEvent(event!, options);
}

function explainEvent(e: PodEvent, options: ExplainOptions): string {
  switch (e.type) {
    case "pending":
      return explainPending(e, options);
    case "scheduled":
      return `waits for node "${e.node}" to begin with it`;
    case "starting":
    case "unready":
      return explainStarting(e, options);
    case "failing":
      return explainFailure(e, options);
    case "failed":
      return `has failed: ${howEnded(e)}`;
    case "terminating":
    case "deleted":
      return "is being deleted";
    case "succeeded":
      return "has succeeded";
    default:
      return e.restarts > 0 ? `is ${e.type} after ${times(e.restarts)}` : `is ${e.type}`;
  }
}

function explainPending(pod: PodState, options: ExplainOptions): string {
  if (pod.reason === "SchedulingGated") {
    return `is held back by a scheduling gate${because({ message: pod.message })}`;
  }
  const warning = lastWarning(pod, options.events, ["FailedScheduling"]);
  const message = pod.message ?? warning?.message ?? undefined;
  if (message === undefined && pod.reason === undefined) return "waits for a node";
  return `finds no node${because({ message, reason: pod.reason ?? "Unschedulable" })}`;
}

/** Events that say what a pod waits for while its containers are made. */
const WAITS: readonly (readonly [reasons: readonly string[], text: string])[] = [
  [["FailedAttachVolume", "FailedMount", "FailedMapVolume"], "waits for a volume"],
  [["FailedCreatePodSandBox", "NetworkNotReady"], "cannot be given a network"],
];

function explainStarting(pod: PodState & { type: string }, options: ExplainOptions): string {
  if (pod.phase !== "Running") {
    for (const [reasons, text] of WAITS) {
      const warning = lastWarning(pod, options.events, reasons);
      if (warning !== undefined) return text + because(warning);
    }
    return pod.exitCode ? `cannot start: ${howEnded(pod)}` : `is being started${because(pod)}`;
  }
  const unhealthy = lastWarning(pod, options.events, ["Unhealthy"]);
  const state = pod.type === "unready" ? "is no longer ready" : "runs and is not ready yet";
  const ended = pod.source.status?.containerStatuses?.some(({ state }) => state?.terminated);
  return ended ? `${state}: ${howEnded(pod)}` : state + because(unhealthy ?? pod);
}

function explainFailure(e: PodFailingEvent, options: ExplainOptions): string {
  const why = because({ message: e.message, reason: e.problem });
  switch (e.failure) {
    case "ImagePullBackOff":
      return explainImage(e, options);
    case "CrashLoopBackOff":
      return `crashes again and again: ${howEnded(e)}, ${times(e.restarts)}`;
    case "OOMKilled":
      return `used more memory than its limit${limitOf(e)} (OOMKilled), ${times(e.restarts)}`;
    case "Evicted":
      return `was evicted from its node${why}`;
    case "Preempted":
      return `had to make room for a pod of higher priority${why}`;
    case "NodeLost":
      return `is on node "${e.node}", which is lost${because(options.node ?? e)}`;
    case "DeadlineExceeded":
      return `ran longer than it may${why}`;
    case "ConfigError":
      return `cannot start${inContainer(e)}${why}`;
    case "Rejected":
      return `was refused by its node "${e.node}"${why}`;
  }
}

function explainImage(e: PodFailingEvent, { events }: ExplainOptions): string {
  const container = containersOf(e.source).find(({ name }) => name === e.container);
  const image = container?.image ? ` image "${container.image}"` : " its image";
  // while it backs off, only the event of the attempt before says what was wrong
  const failed = lastWarning(e, events, ["Failed", "InspectFailed", "ErrImageNeverPull"]);
  const isVague = e.problem === "ImagePullBackOff" && failed?.message?.includes("ull");
  return `cannot pull${image}${
    because({ message: isVague ? failed?.message : e.message, reason: e.problem })
  }`;
}

function limitOf(e: PodFailingEvent): string {
  const container = containersOf(e.source).find(({ name }) => name === e.container);
  const limit = container?.resources?.limits?.["memory"];
  return limit === undefined ? "" : ` of ${limit.serialize()}`;
}

function containersOf({ spec }: Pod): NonNullable<Pod["spec"]>["containers"] {
  return [...spec?.initContainers ?? [], ...spec?.containers ?? []];
}

function inContainer({ container }: PodFailingEvent): string {
  return container === undefined ? "" : ` container "${container}"`;
}

function times(restarts: number): string {
  return restarts === 1 ? "1 restart" : `${restarts} restarts`;
}

/** Why, as the end of a sentence: what there is for people, and the word for machines. */
export function because(
  { message, reason }: { message?: string | null; reason?: string | null },
): string {
  if (message) return `: ${message.trim()}${reason ? ` (${reason})` : ""}`;
  return reason ? ` (${reason})` : "";
}
