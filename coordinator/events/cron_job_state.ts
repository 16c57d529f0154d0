import type { CronJob } from "@cloudydeno/kubernetes-apis/batch/v1";
import { identityOf, isEnding, NOTHING, type StateOptions, whyOf } from "./head_fields.ts";
import type { CronJobState } from "./workload_event.ts";

/**
 * Reads a CronJob's state from the object; `deleted` says that the object is gone. It has no pods
 * of its own, only jobs that have some; so it is ready as soon as it is there.
 */
export function cronJobState(cronJob: CronJob, options: StateOptions = {}): CronJobState {
  const { metadata, spec, status } = cronJob;
  const ending = isEnding(metadata, options);
  return {
    kind: "CronJob",
    ...identityOf(metadata),
    replicas: 0,
    readyReplicas: 0,
    availableReplicas: 0,
    updatedReplicas: 0,
    ready: !ending,
    complete: false,
    stalled: false,
    lastSchedule: status?.lastScheduleTime ?? undefined,
    active: status?.active?.length ?? 0,
    suspended: spec?.suspend === true,
    ...(ending ? whyOf(ending, undefined) : NOTHING),
    source: cronJob,
  };
}
