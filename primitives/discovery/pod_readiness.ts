import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { KubeObject } from "../../kube/mod.ts";

/** A pod as it is watched. */
export type WatchedPod = Pod & KubeObject;

/** Whether a pod is to be given work: its condition says that it is ready, and nobody deletes it. */
export function isReady({ metadata, status }: WatchedPod): boolean {
  if (metadata?.deletionTimestamp) return false;
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ??
    false;
}
