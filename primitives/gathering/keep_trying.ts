import type { RequestContext } from "../context.ts";
import { pause } from "../waiting.ts";

/** The wait before it is tried again, in milliseconds, after an error that may last. */
const AGAIN_WAIT = 2_000;

/**
 * Does in the background what others wait for, again and again until it succeeds or all ends, as none of them
 * can do it while this process lives. Settles with what comes of the first time.
 */
export function keepTrying<T>(
  { background, clock, errors, signal }: RequestContext,
  work: () => Promise<T>,
): Promise<T> {
  const first = work();
  const succeeded = async (attempt: Promise<T>) => {
    for (;;) {
      try {
        return await attempt;
      } catch (error) {
        if (signal.aborted) return;
        errors.report(error);
      }
      await pause(clock, AGAIN_WAIT, signal).catch(() => {});
      if (signal.aborted) return;
      attempt = work();
    }
  };
  background.run(succeeded(first));
  return first;
}
