import type { Job } from "@cloudydeno/kubernetes-apis/batch/v1";
import {
  firstCondition,
  identityOf,
  isEnding,
  NOTHING,
  type StateOptions,
  whyOf,
} from "./head_fields.ts";
import type { JobState } from "./workload_event.ts";

/** Conditions that explain, the most telling first, with the status in which they do. */
const TELLING = [
  ["Failed", "True"],
  ["FailureTarget", "True"],
  ["Suspended", "True"],
] as const;

/**
 * Reads a Job's state from the object; `deleted` says that the object is gone. `replicas` is the
 * number of pods that are to run now: none once it has ended or while it is suspended. It is
 * `ready` while these run, and when it is complete; `stalled` when it has failed for good.
 */
export function jobState(job: Job, options: StateOptions = {}): JobState {
  const { metadata, status } = job;
  const ending = isEnding(metadata, options);
  const complete = has(job, "Complete");
  const stalled = has(job, "Failed");
  const active = status?.active ?? 0;
  const replicas = complete || stalled ? 0 : wanted(job);
  // Kubernetes before 1.24 does not count those that are ready
  const readyReplicas = Math.min(status?.ready ?? active, active);
  const begun = status?.startTime != null || job.spec?.suspend === true;
  const ready = !ending && !stalled && (complete || begun && readyReplicas >= replicas);
  return {
    kind: "Job",
    ...identityOf(metadata),
    replicas,
    readyReplicas,
    availableReplicas: readyReplicas,
    updatedReplicas: active,
    ready,
    complete,
    stalled,
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    active,
    completed: status?.completionTime ?? undefined,
    ...(ready && !job.spec?.suspend
      ? NOTHING
      : whyOf(ending, firstCondition(status?.conditions, TELLING))),
    source: job,
  };
}

function has({ status }: Job, type: string): boolean {
  return status?.conditions?.some((c) => c.type === type && c.status === "True") ?? false;
}

function wanted({ spec, status }: Job): number {
  if (spec?.suspend) return 0;
  const { parallelism, completions } = spec ?? {};
  const left = completions == null ? Infinity : completions - (status?.succeeded ?? 0);
  return Math.max(0, Math.min(parallelism ?? 1, left));
}
