import type {
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  PodCondition,
} from "@cloudydeno/kubernetes-apis/core/v1";
import type { PodFailure } from "./pod_event.ts";

/** What keeps a pod from running. */
export interface PodProblem {
  /** In one word for all that Kubernetes calls it. */
  readonly failure: PodFailure;
  /** Kubernetes' own word. */
  readonly problem: string;
  /** The same for people. */
  readonly message: string | undefined;
  /** Name of the container that it is about, if it is about one. */
  readonly container: string | undefined;
}

/** Reasons in a pod's `status.reason`, given by kubelet and node controllers. */
const BY_POD_REASON: Readonly<Record<string, PodFailure>> = {
  Evicted: "Evicted",
  Terminated: "Evicted", // a node that is shut down; the two after it: the same before 1.22
  NodeShutdown: "Evicted",
  Shutdown: "Evicted",
  Preempting: "Preempted", // by a kubelet, for a pod that the node cannot do without
  Preempted: "Preempted",
  NodeLost: "NodeLost",
  DeadlineExceeded: "DeadlineExceeded",
};

/** Reasons of the condition `DisruptionTarget`, which says that something outside ends the pod. */
const BY_DISRUPTION: Readonly<Record<string, PodFailure>> = {
  PreemptionByScheduler: "Preempted",
  DeletionByTaintManager: "Evicted",
  EvictionByEvictionAPI: "Evicted",
  TerminationByKubelet: "Evicted",
  DeletionByPodGC: "NodeLost",
};

/** Reasons why a container waits, given by kubelets. */
const BY_WAITING: Readonly<Record<string, PodFailure>> = {
  CrashLoopBackOff: "CrashLoopBackOff",
  ImagePullBackOff: "ImagePullBackOff",
  ErrImagePull: "ImagePullBackOff",
  ErrImageNeverPull: "ImagePullBackOff",
  InvalidImageName: "ImagePullBackOff",
  ImageInspectError: "ImagePullBackOff",
  RegistryUnavailable: "ImagePullBackOff",
  SignatureValidationFailed: "ImagePullBackOff",
  CreateContainerConfigError: "ConfigError",
  CreateContainerError: "ConfigError",
  RunContainerError: "ConfigError",
  PreCreateHookError: "ConfigError",
  PreStartHookError: "ConfigError",
  PostStartHookError: "ConfigError",
};

/** Reasons why a container ended that say more than its exit code; given by container runtimes. */
const BY_TERMINATED: Readonly<Record<string, PodFailure>> = {
  OOMKilled: "OOMKilled",
  StartError: "ConfigError", // the command cannot be executed
  ContainerCannotRun: "ConfigError",
};

/** Finds what keeps a pod from running, the most telling first; nothing if time alone will help. */
export function podProblem(pod: Pod): PodProblem | undefined {
  if (pod.status?.phase === "Succeeded") return undefined;
  return ofPod(pod) ?? ofNode(pod) ??
    // how the containers of a pod end that is being deleted is its own doing
    (pod.metadata?.deletionTimestamp == null ? ofContainers(pod) : undefined);
}

function ofPod({ status }: Pod): PodProblem | undefined {
  const { reason, message, phase } = status ?? {};
  if (!reason) return undefined;
  const known = BY_POD_REASON[reason];
  if (known !== undefined) return problemOf(known, reason, message);
  // a kubelet that does not admit a pod fails it before any container has begun
  const begun = status?.containerStatuses?.some(({ state }) => state?.terminated || state?.running);
  return phase === "Failed" && !begun ? problemOf("Rejected", reason, message) : undefined;
}

function ofNode(pod: Pod): PodProblem | undefined {
  const silent = silentNode(pod);
  if (silent !== undefined) return silent;
  const disruption = conditionOf(pod, "DisruptionTarget");
  const failure = BY_DISRUPTION[disruption?.reason ?? ""];
  if (disruption?.status !== "True" || failure === undefined) return undefined;
  return problemOf(failure, disruption.reason!, disruption.message);
}

/**
 * The node controller marks the pods of a node that does not answer as not ready, and tells no
 * reason in most versions; but only it leaves the containers ready while the pod is not.
 */
function silentNode(pod: Pod): PodProblem | undefined {
  if (pod.status?.phase === "Unknown") return problemOf("NodeLost", "Unknown", undefined);
  const ready = conditionOf(pod, "Ready");
  if (ready?.status !== "False") return undefined;
  const isMarked = ready.reason === "NodeNotReady" ||
    !ready.reason && conditionOf(pod, "ContainersReady")?.status === "True" &&
      !pod.spec?.readinessGates?.length;
  return isMarked ? problemOf("NodeLost", "NodeNotReady", ready.message) : undefined;
}

function ofContainers(pod: Pod): PodProblem | undefined {
  for (const { name, state, lastState } of containerStatuses(pod)) {
    const { waiting, terminated } = state ?? {};
    const ended = BY_TERMINATED[(terminated ?? lastState?.terminated)?.reason ?? ""];
    const waits = BY_WAITING[waiting?.reason ?? ""];
    if (terminated != null && ended !== undefined) {
      return { ...problemOf(ended, terminated.reason!, terminated.message), container: name };
    }
    if (waits === undefined) continue;
    // why it crashes says more than that it does
    const failure = waits === "CrashLoopBackOff" ? ended ?? waits : waits;
    return { ...problemOf(failure, waiting!.reason!, waiting!.message), container: name };
  }
  return undefined;
}

function problemOf(
  failure: PodFailure,
  problem: string,
  message: string | null | undefined,
): PodProblem {
  return { failure, problem, message: message || undefined, container: undefined };
}

/** A condition of a pod. */
export function conditionOf(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** The states of a pod's containers, in the order in which they run: those for its start first. */
export function containerStatuses(pod: Pod): ContainerStatus[] {
  const { initContainerStatuses, containerStatuses } = pod.status ?? {};
  return [...initContainerStatuses ?? [], ...containerStatuses ?? []];
}

/** The highest exit code that stands for a signal: 128 and the highest signal of Linux. */
const MAX_SIGNAL_CODE = 128 + 64;

/** The signal that ended a container; most runtimes only tell it by an exit code above 128. */
export function signalOf({ signal, exitCode }: ContainerStateTerminated): number | undefined {
  if (signal) return signal;
  return exitCode > 128 && exitCode <= MAX_SIGNAL_CODE ? exitCode - 128 : undefined;
}
