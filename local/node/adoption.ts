/**
 * Taking on a pod that was this node's before the agent started.
 *
 * What it ran is gone: a runtime ends everything with itself, and what a killed agent left is
 * ended before the next one begins. So a container that the status shows running has ended
 * without a trace, with code 137 and reason `ContainerStatusUnknown`; its restart policy says
 * whether it starts again, with one restart more. What had ended, has ended.
 */
import type { ContainerStatus } from "@cloudydeno/kubernetes-apis/core/v1";
import { initialState, type StepContext } from "./pod_machine.ts";
import type { ContainerState, PodState, Terminated } from "./pod_state.ts";
import { isTerminal } from "./pod_status.ts";

/** The state of a pod as its object tells it; of a new pod, the initial one. */
export function adoptedState(context: StepContext): PodState {
  const { pod } = context;
  const fresh = initialState(context);
  const statuses = [
    ...pod.status?.containerStatuses ?? [],
    ...pod.status?.initContainerStatuses ?? [],
  ];
  const terminal = isTerminal(pod);
  const adopt = (container: ContainerState): ContainerState => {
    const status = statuses.find((one) => one.name === container.name);
    return status === undefined ? container : adopted(container, status, { context, terminal });
  };
  return {
    ...fresh,
    init: fresh.init.map(adopt),
    main: fresh.main.map(adopt),
    startTime: pod.status?.startTime ?? fresh.startTime,
    ...(pod.status?.phase === "Failed" && pod.status.reason && {
      failed: { reason: pod.status.reason, message: pod.status.message ?? "" },
    }),
    finished: terminal,
  };
}

function adopted(
  container: ContainerState,
  status: ContainerStatus,
  { context, terminal }: { context: StepContext; terminal: boolean },
): ContainerState {
  const { running, terminated } = status.state ?? {};
  const last = toTerminated(status.lastState?.terminated);
  const ran = running || terminated || last;
  const attempts = ran ? status.restartCount + 1 : 0;
  if (running) {
    const now: Terminated = {
      is: "terminated",
      code: 137,
      reason: "ContainerStatusUnknown",
      message: "The container ended with the node agent that ran it",
      startedAt: running.startedAt ?? undefined,
      finishedAt: context.date,
      id: status.containerID ?? undefined,
    };
    return { ...container, now, last, attempts };
  }
  if (terminated) return { ...container, now: toTerminated(terminated)!, last, attempts };
  // A back-off does not outlive the agent: what waited for its restart is restarted.
  if (last && !terminal) return { ...container, now: last, attempts };
  return { ...container, last, attempts };
}

type TerminatedObject = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

function toTerminated(object: TerminatedObject | null | undefined): Terminated | undefined {
  if (!object) return undefined;
  return {
    is: "terminated",
    code: object.exitCode,
    signal: object.signal ?? undefined,
    reason: object.reason ?? "Error",
    message: object.message ?? undefined,
    startedAt: object.startedAt ?? undefined,
    finishedAt: object.finishedAt ?? new Date(0),
    id: object.containerID ?? undefined,
  };
}
