import type { CronJobSpec } from "@cloudydeno/kubernetes-apis/batch/v1";
import { type Ownership, ownLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { jobSpec } from "./job_head.ts";
import { seconds } from "./params/schemas.ts";

const OVERLAP = { allow: "Allow", forbid: "Forbid", replace: "Replace" } as const;

/** Work that begins again and again. */
export function cronJobSpec(params: CheckedRunParams, owner: Ownership): CronJobSpec {
  const { schedule = "", timeZone, overlap, startingDeadline, history = {}, annotations } = params;
  return {
    schedule,
    suspend: false, // as what it begins as is suspended
    ...(timeZone !== undefined && { timeZone }),
    ...(overlap !== undefined && { concurrencyPolicy: OVERLAP[overlap] }),
    ...(startingDeadline !== undefined && { startingDeadlineSeconds: seconds(startingDeadline) }),
    ...(history.succeeded !== undefined && { successfulJobsHistoryLimit: history.succeeded }),
    ...(history.failed !== undefined && { failedJobsHistoryLimit: history.failed }),
    jobTemplate: {
      metadata: {
        labels: { ...params.labels, ...ownLabels(owner) },
        ...(annotations && { annotations: { ...annotations } }),
      },
      spec: jobSpec(params, owner),
    },
  };
}
