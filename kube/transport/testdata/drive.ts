import type { FakeTime } from "@std/testing/time";
import { setImmediate } from "node:timers";
import type { Transport } from "../transport.ts";

/**
 * Runs the virtual clock until `promise` settles, but only while no request of the transport is
 * under way: the network is real, and must not lose a race against a time-out.
 */
export async function drive<T>(
  time: FakeTime,
  transport: Transport,
  promise: Promise<T>,
): Promise<T> {
  let settled = false;
  const settle = () => settled = true;
  promise.then(settle, settle);
  while (!settled) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const { requests, byOutcome } = transport.stats;
    const answered = Object.values(byOutcome).reduce((sum, count) => sum + count, 0);
    if (requests === answered && !settled) time.next();
  }
  return await promise;
}
