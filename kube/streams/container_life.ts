import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { anySignal } from "../../runtime/mod.ts";
import { delay } from "../delay.ts";

/** How one who follows a log learns what becomes of the pod. */
export interface LoggedPod {
  /** The pod as it is now; undefined if it is gone. */
  read(signal: AbortSignal): Promise<Pod | undefined>;
  /**
   * Resolves when the pod may have changed. A log does not wait for it for longer than 5 s; rejects
   * with the signal's reason, which it gets then.
   */
  changed?(signal: AbortSignal): Promise<void>;
}

/** How far a container has come. */
export interface ContainerLife {
  /** Of the pod. */
  readonly uid?: string;
  /** How often the container was started again. */
  readonly restarts: number;
  /** Whether nothing of it runs, and nothing will. */
  readonly over: boolean;
}

/** Asks the API server for the pod, by a list, which a coordinator may do. */
export function listedPod(
  client: RestClient,
  { namespace, pod }: { namespace: string; pod: string },
): LoggedPod {
  return {
    async read(signal) {
      const { items } = await new CoreV1Api(client).namespace(namespace).getPodList({
        fieldSelector: `metadata.name=${pod}`,
        abortSignal: signal,
      });
      return items[0];
    },
  };
}

/** What a pod's object tells of a container; without a name, of its first one. */
export function containerLife(pod: Pod | undefined, container?: string): ContainerLife {
  if (!pod) return { restarts: 0, over: true };
  const name = container ?? pod.spec?.containers[0]?.name;
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses, phase } =
    pod.status ?? {};
  const status = [containerStatuses, initContainerStatuses, ephemeralContainerStatuses]
    .flatMap((list) => list ?? []).find((one) => one.name === name);
  const ended = status?.state?.terminated;
  const init = pod.spec?.initContainers?.find((one) => one.name === name);
  const policy = init && !("restartPolicy" in init) ? "OnFailure" : pod.spec?.restartPolicy;
  const last = policy === "Never" || (policy === "OnFailure" && ended?.exitCode === 0) ||
    pod.metadata?.deletionTimestamp != null || ephemeralContainerStatuses?.includes(status!);
  return {
    uid: pod.metadata?.uid ?? undefined,
    restarts: status?.restartCount ?? 0,
    over: phase === "Succeeded" || phase === "Failed" || (ended != null && Boolean(last)),
  };
}

/** Waits for a change of the pod, or for `ms` if none comes or is told. */
export async function waitForChange(
  pod: LoggedPod,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (!pod.changed) return await delay(ms, signal);
  const enough = new AbortController();
  const either = anySignal([signal, enough.signal]);
  const waits = [pod.changed(either), delay(ms, either)];
  try {
    await Promise.race(waits);
  } finally {
    enough.abort();
    await Promise.allSettled(waits);
  }
  signal.throwIfAborted();
}
