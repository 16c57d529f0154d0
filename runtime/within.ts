/**
 * Waits for `promise`, for at most `ms` milliseconds; says whether it settled in time. What it
 * rejects with is passed on.
 */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true), timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
