// What can be told of a head by looking at it.
import { isOlder } from "../../kube/mod.ts";
import type { Head } from "../heads.ts";
import { LABELS } from "../labels.ts";
import { workloadKey } from "./workload_context.ts";

/** The key of the workload that a head is of. */
export function keyOfHead({ metadata }: Head): string {
  return workloadKey({
    name: metadata?.labels?.[LABELS.workload] ?? "",
    namespace: metadata?.namespace ?? "",
  });
}

/** Whether it is the head of a workload, and stays; not a Job, say, that a CronJob has made. */
export function isWorkload({ metadata }: Head): boolean {
  return metadata?.name === metadata?.labels?.[LABELS.workload] &&
    metadata?.deletionTimestamp == null;
}

/** Whether two states are of the same object. */
export function isSameObject(a: Head, b: Head): boolean {
  return a.kind === b.kind && a.metadata?.uid === b.metadata?.uid;
}

/** The later of what was seen and what was written. */
export function newest(seen: Head | undefined, written: Head): Head {
  return seen !== undefined && (!isSameObject(seen, written) || isOlder(written, seen))
    ? seen
    : written;
}

/** Whether it is a job that has ended, well or not. */
export function isEnded(head: Head): boolean {
  if (head.kind !== "Job") return false;
  const ends = ["Complete", "Failed"];
  return head.status?.conditions?.some((c) => ends.includes(c.type) && c.status === "True") ??
    false;
}
