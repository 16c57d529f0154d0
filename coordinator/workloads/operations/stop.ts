import type { Head } from "../../heads.ts";
import { ANNOTATIONS } from "../../labels.ts";
import type { MergePatch } from "../../../kube/mod.ts";
import { replicasBeforeStop } from "../../supervision/record.ts";
import { appliedAgain } from "./applied_again.ts";
import { changeHead } from "./change_head.ts";
import { noted, withNote } from "./kept.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";

/** Whether a workload is kept without workers by `stop()`. */
export function isStopped(head: Head): boolean {
  return noted(head, ANNOTATIONS.stopped) !== undefined;
}

/** How many workers there are, or are to be again after a stop; nothing for what has no number. */
export function countOf(head: Head): number | undefined {
  if (isStopped(head)) return Number(noted(head, ANNOTATIONS.stopped));
  if (head.kind === "Deployment" || head.kind === "StatefulSet") {
    return replicasBeforeStop(head) ?? head.spec?.replicas ?? 1;
  }
  return head.kind === "Job" ? head.spec?.parallelism ?? 1 : undefined;
}

/**
 * See `Workload.stop`. The number is written down by an apply, so that a definition that is run later
 * takes the note away with the stop.
 */
export async function stopWorkload(scope: Scope, options: WaitForWorkloadOptions): Promise<void> {
  await changeHead(scope, {
    verb: "stop",
    sets: { count: true },
    decide: (live) => {
      if (live.kind === "DaemonSet") {
        throw new TypeError(
          `Cannot stop "${scope.name}": it is a DaemonSet, which runs on every node as long as it ` +
            "is there; delete it, and run it again later",
        );
      }
      if (isStopped(live)) return undefined;
      const noted = withNote(appliedAgain(live), ANNOTATIONS.stopped, String(countOf(live) ?? 0));
      return { verb: "apply", object: withCount(noted, 0) };
    },
  }, options);
}

/** See `Workload.start`. */
export async function startWorkload(scope: Scope, options: WaitForWorkloadOptions): Promise<void> {
  await changeHead(scope, {
    verb: "start",
    sets: { count: true },
    decide: (live) => {
      if (!isStopped(live) && replicasBeforeStop(live) === undefined) return undefined;
      const annotations = { [ANNOTATIONS.stopped]: null };
      return { verb: "merge", patch: { metadata: { annotations }, ...starting(live) } };
    },
  }, options);
}

function withCount(head: Head, count: number): Head {
  switch (head.kind) {
    case "Deployment":
      return { ...head, spec: { ...head.spec!, replicas: count } };
    case "StatefulSet":
      return { ...head, spec: { ...head.spec!, replicas: count } };
    case "Job": // not `suspend`, which Kubernetes knows from 1.21 on
      return { ...head, spec: { ...head.spec!, parallelism: count } };
    case "CronJob":
      return { ...head, spec: { ...head.spec!, suspend: true } };
    case "DaemonSet":
      return head;
  }
}

function starting(live: Head): MergePatch {
  const count = countOf(live)!;
  if (live.kind === "CronJob") return { spec: { suspend: false } };
  return { spec: live.kind === "Job" ? { parallelism: count } : { replicas: count } };
}
