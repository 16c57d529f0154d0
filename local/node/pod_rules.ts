/** Questions about a pod that its spec and state answer: what restarts, what is over, what is whose. */
import type { Container, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { ContainerState, PodState } from "./pod_state.ts";

/** Grace of a pod that states none (s), as in the API. */
const DEFAULT_GRACE_S = 30;

/** Whether a container that ended is started again. */
export function restarts(container: ContainerState, pod: Pod): boolean {
  if (container.now.is !== "terminated") return false;
  if (isSidecar(pod, container.name)) return true;
  const policy = pod.spec?.restartPolicy ?? "Always";
  const isInit = pod.spec?.initContainers?.some((one) => one.name === container.name) ?? false;
  if (policy === "Never") return false;
  return container.now.code !== 0 || (policy === "Always" && !isInit);
}

/** Whether nothing of the pod runs, and nothing will. */
export function isFinal(state: PodState, pod: Pod): boolean {
  if (state.finished) return true;
  const all = [...state.init, ...state.main];
  if (all.some(isAlive)) return false;
  if (state.stopping) return true;
  if (initFailed(state, pod)) return true;
  return state.main.length > 0 && state.main.every((one) => isOver(one, pod));
}

/** Whether an init container failed that is not tried again: the others never start. */
export function initFailed(state: PodState, pod: Pod): boolean {
  return state.init.some((one) =>
    one.now.is === "terminated" && one.now.code !== 0 && isOver(one, pod)
  );
}

/** Whether a container ended and is not started again. */
export function isOver(container: ContainerState, pod: Pod): boolean {
  return container.now.is === "terminated" && !restarts(container, pod);
}

/** Whether a container runs or is being started. */
export function isAlive(container: ContainerState): boolean {
  return container.now.is === "starting" || container.now.is === "running";
}

/** The spec of a container or init container. */
export function containerSpec(pod: Pod, name: string): Container | undefined {
  return pod.spec?.containers?.find((one) => one.name === name) ??
    pod.spec?.initContainers?.find((one) => one.name === name);
}

/** An init container that keeps running beside the others. */
export function isSidecar(pod: Pod, name: string): boolean {
  const spec = pod.spec?.initContainers?.find((one) => one.name === name);
  return spec?.restartPolicy === "Always";
}

/** Grace of a pod's containers (ms). */
export function podGrace(pod: Pod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_S) * 1000;
}

/** A pod as messages name it. */
export function podText(pod: Pod): string {
  const { name, namespace, uid } = pod.metadata ?? {};
  return `${name}_${namespace}(${uid})`;
}
