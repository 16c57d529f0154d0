import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { WorkerRef } from "../../messaging/mod.ts";

/** Where Kubernetes writes the number of a pod: of a stateful set since 1.28, of an indexed job. */
const INDEX_LABEL = "apps.kubernetes.io/pod-index";
const JOB_INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index";

/** A worker of a stateful set ends its name with its number. */
const NUMBERED = /-(\d+)$/;

/** Which worker a pod is. */
export function workerOf({ metadata }: Pod): WorkerRef {
  const [name, uid] = [metadata?.name ?? "", metadata?.uid ?? ""];
  const index = indexOf(metadata);
  return { name, uid, ...(index !== undefined && { index }) };
}

function indexOf(metadata: Pod["metadata"]): number | undefined {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  const written = metadata?.annotations?.[JOB_INDEX_ANNOTATION] ??
    metadata?.labels?.[INDEX_LABEL] ??
    (owner?.kind === "StatefulSet" ? NUMBERED.exec(metadata?.name ?? "")?.[1] : undefined);
  return written !== undefined && /^\d+$/.test(written) ? Number(written) : undefined;
}
