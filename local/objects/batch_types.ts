/**
 * The shapes of Jobs and CronJobs, as `types.ts` has those of the other kinds.
 *
 * @module
 */
import type { Condition, Item, Labels, LabelSelector, PodTemplate } from "./types.ts";

/** `spec` of a Job; the selector and its labels are given by the server. */
export interface JobSpec {
  readonly parallelism?: number;
  /** Without it, one pod that succeeds completes the Job. */
  readonly completions?: number;
  readonly completionMode?: string;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly suspend?: boolean;
  readonly podReplacementPolicy?: string;
  readonly podFailurePolicy?: PodFailurePolicy;
  /** Another controller than that of the cluster, if it is named. */
  readonly managedBy?: string;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
}

/** What failures of pods mean; the first rule that matches counts. */
export interface PodFailurePolicy {
  readonly rules: readonly PodFailureRule[];
}

/** One rule of a {@linkcode PodFailurePolicy}. */
export interface PodFailureRule {
  readonly action: string;
  readonly onExitCodes?: {
    readonly containerName?: string;
    readonly operator: string;
    readonly values: readonly number[];
  };
  readonly onPodConditions?: readonly { readonly type: string; readonly status?: string }[];
}

/** A Job. */
export interface Job extends Item {
  readonly spec: JobSpec;
  readonly status?: JobStatus;
}

/** `status` of a Job. */
export interface JobStatus {
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly conditions?: readonly Condition[];
  readonly active?: number;
  readonly ready?: number;
  readonly terminating?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  /** Indexes, such as `0,2-5`. */
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  /** Pods that have ended and still carry the finalizer; they are not in the counts yet. */
  readonly uncountedTerminatedPods?: {
    readonly succeeded?: readonly string[];
    readonly failed?: readonly string[];
  };
}

/** A CronJob. */
export interface CronJob extends Item {
  readonly spec: {
    readonly schedule: string;
    readonly timeZone?: string;
    readonly suspend?: boolean;
    readonly concurrencyPolicy?: string;
    readonly startingDeadlineSeconds?: number;
    readonly successfulJobsHistoryLimit?: number;
    readonly failedJobsHistoryLimit?: number;
    readonly jobTemplate: {
      readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
      readonly spec: Partial<JobSpec>;
    };
  };
  readonly status?: CronJobStatus;
}

/** `status` of a CronJob. */
export interface CronJobStatus {
  readonly active?: readonly ObjectReference[];
  readonly lastScheduleTime?: string;
  readonly lastSuccessfulTime?: string;
}

/** A reference to an object of any kind. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}
