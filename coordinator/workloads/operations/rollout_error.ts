/** Options of {@linkcode RolloutError}. */
export interface RolloutErrorOptions {
  /** Name of the workload. */
  workload: string;
  /** Why, in one word. */
  reason: string;
  /** Names of the pods that show it. */
  pods?: readonly string[];
  /** The last lines of the log of the first of them. */
  log?: readonly string[];
}

/** What was applied cannot be rolled out, unless somebody changes something. */
export class RolloutError extends Error {
  /** Always `"RolloutError"`. */
  override readonly name = "RolloutError";
  /** Name of the workload. */
  readonly workload: string;
  /**
   * Why, in one word: a pod's `failure` (`CrashLoopBackOff`, `OOMKilled`, `ImagePullBackOff`,
   * `ConfigError`), `Unschedulable`, `QuotaExceeded`, `Forbidden`, `FailedCreate`, `Paused`,
   * `ProgressDeadlineExceeded`, or why a Job failed, such as `BackoffLimitExceeded`.
   */
  readonly reason: string;
  /** Names of the pods that show it, in their order; none if there is no pod. */
  readonly pods: readonly string[];
  /** The last lines of the log of the first of these, if it crashed and they could be read. */
  readonly log: readonly string[];

  /**
   * An error about a rollout.
   *
   * @param why completes `Cannot roll out "worker": `, without a full stop
   */
  constructor(why: string, options: RolloutErrorOptions) {
    const { workload, reason, pods = [], log = [] } = options;
    super(`Cannot roll out "${workload}": ${why}`);
    this.workload = workload;
    this.reason = reason;
    this.pods = pods;
    this.log = log;
  }
}
