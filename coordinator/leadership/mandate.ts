/**
 * The right to change the cluster, for as long as it lasts.
 *
 * With an election it is a term of leading: its token stands on every object that is written, and
 * `check` refuses as soon as the local monotonic clock says that another one may lead, also when
 * this process was paused and no timer has run yet. Without an election it lasts as long as the
 * coordinator and has no token.
 */
export interface Mandate {
  /** The term's fencing token, which only grows; none without an election. */
  readonly token: number | undefined;
  /** Aborts when it ends, before another coordinator can lead. */
  readonly signal: AbortSignal;
  /** @throws {NotLeadingError} once it has ended */
  check(): void;
}

/** Refused, because another coordinator leads or nobody does: only the leader changes the cluster. */
export class NotLeadingError extends Error {
  /** Always `"NotLeadingError"`. */
  override readonly name = "NotLeadingError";
  /** Who leads, if anybody does and it is known. */
  readonly leader: string | undefined;

  /**
   * An error about something that only the leader may do.
   *
   * @param what what cannot be done, such as `scale "worker"`
   */
  constructor(what: string, options: { leader?: string; cause?: unknown; why?: string } = {}) {
    const { leader, cause } = options;
    const why = options.why ?? (leader === undefined ? "nobody leads yet" : `"${leader}" leads`);
    super(`Cannot ${what}: ${why}`, { cause });
    this.leader = leader;
  }
}
