import { z } from "zod";
import type { Timing } from "./context.ts";

/**
 * A holder that dies is followed after this time, and each second of it less costs more writes: 8 s is half
 * of client-go's 15 s, for as many writes (one each 2 s).
 */
const LEASE_DURATION_MS = 8_000;

const AN_HOUR = 60 * 60 * 1000;
const milliseconds = z.number().positive().max(AN_HOUR).describe(
  "milliseconds, more than 0 and at most an hour",
);

/** The fields of a `Timing` as options. */
export const TIMING_SHAPE = {
  leaseDuration: z.int().multipleOf(1000).min(1000).max(AN_HOUR).default(LEASE_DURATION_MS)
    .describe("milliseconds in whole seconds, from 1000 to an hour"),
  renewDeadline: milliseconds.optional(),
  renewInterval: milliseconds.optional(),
  requestTimeout: milliseconds.optional(),
};

/** Options of how long holders are believed. Times are in milliseconds. */
export interface TimingOptions {
  /**
   * How long a holder that does not renew is believed by the others; whole seconds. A dead one is followed
   * within this and a second.
   * @default 8_000
   */
  leaseDuration?: number;
  /**
   * How long a holder trusts in what it holds after it sent its last successful renewal; less than
   * `leaseDuration`. The rest is what guarded work has to end in after the signal aborted, and the margin
   * for clocks that do not run equally fast.
   * @default three quarters of `leaseDuration`
   */
  renewDeadline?: number;
  /**
   * How often the holder renews; less than `renewDeadline`. It is one write each.
   * @default a quarter of `leaseDuration`
   */
  renewInterval?: number;
  /**
   * How long one request may take, retries by the client included; less than `renewDeadline`. By
   * default two renewals in a row may get no answer without ending what is held.
   * @default a quarter of `renewDeadline`
   */
  requestTimeout?: number;
}

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming what is not in order
 */
export function resolveTiming(
  given: TimingOptions & { leaseDuration: number },
  { purpose }: { purpose: string },
): Timing {
  const { leaseDuration } = given;
  const { renewDeadline = 3 / 4 * leaseDuration, renewInterval = leaseDuration / 4 } = given;
  const { requestTimeout = renewDeadline / 4 } = given;
  const orders = [
    ["renewDeadline", renewDeadline, "leaseDuration", leaseDuration],
    ["requestTimeout", requestTimeout, "renewDeadline", renewDeadline],
    ["renewInterval", renewInterval, "renewDeadline", renewDeadline],
  ] as const;
  const wrong = orders.filter(([, less, , more]) => less >= more).map(
    ([name, less, other, more]) =>
      `"${name}" is ${less}, allowed is less than "${other}", which is ${more}`,
  );
  if (wrong.length > 0) throw new TypeError(`${purpose}: ${wrong.join("; ")}`);
  return { leaseDuration, renewDeadline, renewInterval, requestTimeout };
}
