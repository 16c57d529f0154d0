import { z } from "zod";
import { checkOptions, dnsName, namespaceName } from "../../runtime/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import { resolveTiming, TIMING_SHAPE, type TimingOptions } from "../timing.ts";
import { uniqueIdentity } from "./identity.ts";

const schema = z.strictObject({
  namespace: namespaceName,
  name: dnsName,
  identity: z.string().min(1).max(253).optional().describe("a string of 1 to 253 characters"),
  ...TIMING_SHAPE,
  labels: z.record(z.string(), z.string()).default({}).describe("labels, each a string"),
  clock: z.custom<Clock>((value) => typeof value === "object" && value !== null, "a Clock")
    .optional(),
  random: z.custom<() => number>((value) => typeof value === "function", "a function").optional(),
});

/** Options of an `Election`. Times are in milliseconds. */
export interface ElectionOptions extends TimingOptions {
  /** Where the Lease is. */
  namespace: string;
  /** Name of the Lease, which all candidates share. */
  name: string;
  /**
   * Who this candidate is, for people: it stands in the Lease. No other candidate may have it.
   * @default the pod's or host's name and something random
   */
  identity?: string;
  /**
   * Labels of the Lease, added to those that it has.
   * @default none
   */
  labels?: Record<string, string>;
  /**
   * The time, for tests.
   * @default the system's: `performance.now`, `Date` and `setTimeout`
   */
  clock?: Clock;
  /**
   * Source of jitter in [0, 1), for tests.
   * @default Math.random
   */
  random?: () => number;
}

/** Options that were checked and have their defaults. */
export type CheckedElectionOptions = Readonly<Required<ElectionOptions>>;

/**
 * Checks the options.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkElectionOptions(options: ElectionOptions): CheckedElectionOptions {
  const purpose = "Cannot stand for election";
  const checked = checkOptions(schema, options, { purpose });
  return {
    ...checked,
    identity: checked.identity ?? uniqueIdentity(),
    ...resolveTiming(checked, { purpose }),
    clock: checked.clock ?? systemClock,
    random: checked.random ?? Math.random,
  };
}
