/** How long a container that ended, or an image that is missing, waits for its next try. */

/** Back-off of restarts. */
export interface RestartBackoff {
  /** Wait before the second restart (ms); the first one is immediate, as the kubelet's. */
  readonly initial: number;
  /** Longest wait (ms); each one is twice the one before until then. */
  readonly max: number;
  /** An attempt that ran this long (ms) makes the next restart immediate again. */
  readonly resetAfter: number;
}

/** What the kubelet does: 10 s doubling to 5 min, forgotten after 10 min. */
export const KUBELET_BACKOFF: RestartBackoff = {
  initial: 10_000,
  max: 300_000,
  resetAfter: 600_000,
};

/** The default on one machine, where a person waits: the kubelet's, twenty times faster. */
export const LOCAL_BACKOFF: RestartBackoff = {
  initial: KUBELET_BACKOFF.initial / 20,
  max: KUBELET_BACKOFF.max / 20,
  resetAfter: KUBELET_BACKOFF.resetAfter / 20,
};

/** The wait after the one of `previous` ms; undefined is before the first restart. */
export function nextDelay(previous: number | undefined, backoff: RestartBackoff): number {
  if (previous === undefined) return 0;
  return previous === 0 ? backoff.initial : Math.min(previous * 2, backoff.max);
}
