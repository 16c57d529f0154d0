/** How long to wait before trying again. */
export interface BackoffOptions {
  /** Milliseconds after the first failure, before jitter. */
  min: number;
  /** Milliseconds that no wait exceeds. */
  max: number;
  /**
   * Source of jitter, from 0 up to 1.
   *
   * @default Math.random
   */
  random?: () => number;
}

/**
 * Milliseconds to wait after a number of failures in a row: doubled each time, capped, and
 * of that between half and all, so that clients that failed together do not return together.
 */
export function backoffDelay(failures: number, options: BackoffOptions): number {
  const { min, max, random = Math.random } = options;
  const exponent = Math.min(Math.max(failures - 1, 0), 30); // 2 ** 30 is past every cap
  const ceiling = Math.min(max, min * 2 ** exponent);
  return ceiling / 2 + random() * ceiling / 2;
}
