import type { Head } from "../heads.ts";
import { ANNOTATIONS } from "../labels.ts";
import { parseRecord } from "./record.ts";

/** Why supervision has stopped a workload; nothing, if it has not, or it was given workers again. */
export function stoppedReason(head: Head): string | undefined {
  const record = head.metadata?.annotations?.[ANNOTATIONS.supervision];
  const isEmpty = (head.kind === "Deployment" || head.kind === "StatefulSet") &&
    head.spec?.replicas === 0;
  if (record === undefined || !isEmpty) return undefined;
  return parseRecord(record, performance.now()).stopped?.reason;
}
