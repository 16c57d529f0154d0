import type { Head } from "../heads.ts";
import { cronJobState } from "./cron_job_state.ts";
import { daemonSetState } from "./daemon_set_state.ts";
import { deploymentState } from "./deployment_state.ts";
import type { StateOptions } from "./head_fields.ts";
import { jobState } from "./job_state.ts";
import { statefulSetState } from "./stateful_set_state.ts";
import type { WorkloadState } from "./workload_event.ts";

/** Reads the state of a workload's object of any kind; `deleted` says that the object is gone. */
export function headState(head: Head, options: StateOptions = {}): WorkloadState {
  switch (head.kind) {
    case "Deployment":
      return deploymentState(head, options);
    case "StatefulSet":
      return statefulSetState(head, options);
    case "DaemonSet":
      return daemonSetState(head, options);
    case "Job":
      return jobState(head, options);
    case "CronJob":
      return cronJobState(head, options);
  }
}
