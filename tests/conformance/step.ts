/** A conformance step: one HTTP request, written once, sent to both API servers. */

/** A request, and what of its answer is compared. */
export interface Step {
  /** What the step shows; unique. */
  readonly name: string;
  /** @default "GET" */
  readonly method?: string;
  /** `{ns}` is the run's namespace, other `{names}` are what earlier steps saved. */
  readonly path: string;
  /** Sent as JSON, or as it is when a string. `{names}` are replaced here too. */
  readonly body?: unknown;
  /** Media type of the body. @default "application/json" */
  readonly type?: string;
  readonly accept?: string;
  readonly agent?: string;
  /** Saved name → path in the answer, such as `metadata.resourceVersion`. */
  readonly save?: Record<string, string>;
  /** A watch: read so many events, then leave. */
  readonly events?: number;
  /** Whether it is compared too who owns which fields. */
  readonly owners?: boolean;
  /** What is compared. @default "body" */
  readonly compare?: "body" | "reason" | "code";
  /** Why less than the body is compared, where the servers' versions differ. */
  readonly because?: string;
}

/** What came back, without what differs from run to run. */
export interface Outcome {
  readonly code: number;
  readonly body?: unknown;
  readonly events?: unknown[];
  /** The managed fields, without times. */
  readonly owners?: unknown[];
}
