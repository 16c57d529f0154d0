import type { MergePatch } from "../../../kube/mod.ts";
import type { Head } from "../../heads.ts";
import { ANNOTATIONS } from "../../labels.ts";
import { changeHead } from "./change_head.ts";
import { noted } from "./kept.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";

/** An ordinal that no stateful set reaches: none of its pods is replaced. */
const BEYOND_ALL = 2 ** 31 - 1;

/** Whether a rollout of it is held up by `pause()`. */
export function isPaused(head: Head): boolean {
  if (head.kind === "Deployment") return head.spec?.paused === true;
  return head.kind === "StatefulSet" && noted(head, ANNOTATIONS.paused) !== undefined;
}

/** Whether what was last applied waits for `resume()`: pods of before run on. */
export function isHeldUp(head: Head): boolean {
  if (!isPaused(head)) return false;
  if ((head.status as Observed)?.observedGeneration !== head.metadata?.generation) return false;
  if (head.kind === "Deployment") {
    return (head.status?.replicas ?? 0) > (head.status?.updatedReplicas ?? 0);
  }
  return head.kind === "StatefulSet" &&
    head.status?.currentRevision !== head.status?.updateRevision;
}

type Observed = { observedGeneration?: number | null } | null | undefined;

/** See `Workload.pause`. */
export async function pauseWorkload(scope: Scope, options: WaitForWorkloadOptions): Promise<void> {
  await changeHead(scope, {
    verb: "pause",
    decide: (live) => {
      const patch = pausing(live, scope);
      return isPaused(live) ? undefined : { verb: "merge", patch };
    },
  }, options);
}

/** See `Workload.resume`. */
export async function resumeWorkload(scope: Scope, options: WaitForWorkloadOptions): Promise<void> {
  await changeHead(scope, {
    verb: "resume",
    decide: (live) => {
      pausing(live, scope);
      return isPaused(live) ? { verb: "merge", patch: resuming(live) } : undefined;
    },
  }, options);
}

function pausing(live: Head, { name }: Scope): MergePatch {
  if (live.kind === "Deployment") return { spec: { paused: true } };
  if (live.kind === "StatefulSet") {
    const before = live.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    return {
      metadata: { annotations: { [ANNOTATIONS.paused]: String(before) } },
      ...partition(BEYOND_ALL),
    };
  }
  throw new TypeError(`Cannot pause "${name}": it is a ${live.kind}, whose rollout cannot be held`);
}

function resuming(live: Head): MergePatch {
  if (live.kind === "Deployment") return { spec: { paused: null } };
  const before = Number(noted(live, ANNOTATIONS.paused)) || 0;
  return { metadata: { annotations: { [ANNOTATIONS.paused]: null } }, ...partition(before) };
}

function partition(partition: number): MergePatch {
  return { spec: { updateStrategy: { rollingUpdate: { partition } } } };
}
