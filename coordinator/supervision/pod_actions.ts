/**
 * What supervision does to pods. Each is safe to do again, and done by whoever comes first: a pod is
 * named by its uid, so one that is gone or replaced counts as done, whoever has done it.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isConflict, isNotFound, type MergePatch, ObjectApi, PODS } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import { ANNOTATIONS, fieldManager, LABELS } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import type { Quarantined, Victim } from "./state.ts";

/** Seconds after which a quarantined pod is ended by its kubelet: the least that there is. */
const AT_ONCE = 1;

/** Whose pods, and by which right. */
export interface PodActionContext {
  readonly client: RestClient;
  readonly coordinator: string;
  readonly namespace: string;
  readonly mandate: Mandate;
  /** Aborts with the mandate, or sooner. */
  readonly signal: AbortSignal;
}

/** Deletes pods: workload by workload in the order given, those of one side by side. */
export async function deletePods(
  victims: readonly Victim[],
  context: PodActionContext,
  options: { grace?: number } = {},
): Promise<void> {
  const { client, namespace, mandate, signal } = context;
  const api = new ObjectApi(client, PODS, namespace);
  for (const workload of new Set(victims.map((victim) => victim.workload))) {
    const own = victims.filter((victim) => victim.workload === workload);
    await Promise.all(own.map(async ({ name, uid }) => {
      mandate.check();
      try {
        await api.delete(name, { ...options, uid, signal });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }));
  }
}

/**
 * Takes a pod out of its workload and stops it: another label, so that its controller lets go of it and
 * makes another one; a deadline that is over, so that its kubelet ends it and keeps its logs; and its
 * head as owner, with which it goes.
 */
export async function quarantinePod(
  { pod, uid, reason }: Quarantined,
  { head, ...context }: PodActionContext & { head: Head },
): Promise<void> {
  const { client, coordinator, namespace, mandate, signal } = context;
  const api = new ObjectApi(client, PODS, namespace);
  while (true) {
    const live = await api.get(pod, { signal });
    if (live?.metadata?.uid !== uid || live?.metadata?.deletionTimestamp != null) return;
    if (live?.metadata?.labels?.[LABELS.quarantined] !== undefined) return;
    mandate.check();
    try {
      await api.merge(live!, quarantinePatch(live!, { head, reason }), {
        fieldManager: fieldManager(coordinator),
        signal,
      });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error; // its status has changed, say
    }
  }
}

function quarantinePatch(
  { metadata }: Pod,
  { head, reason }: { head: Head; reason: string },
): MergePatch {
  const { apiVersion, kind, metadata: owner } = head;
  const labels = {
    [LABELS.workload]: null,
    [LABELS.quarantined]: metadata?.labels?.[LABELS.workload] ?? "",
  };
  const ownerReferences = [
    // its controller would let go of it too, but not any more if it has ended by then
    ...(metadata?.ownerReferences ?? []).filter(({ controller }) => !controller),
    { apiVersion: apiVersion!, kind, name: owner?.name ?? "", uid: owner?.uid ?? "" },
  ];
  return {
    metadata: {
      labels,
      annotations: { [ANNOTATIONS.quarantineReason]: reason },
      ownerReferences: ownerReferences as unknown as MergePatch[],
    },
    spec: { activeDeadlineSeconds: AT_ONCE },
  } as MergePatch;
}
