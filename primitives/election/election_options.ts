import { z } from "zod";
import { checkOptions, dnsName, namespaceName } from "../../runtime/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import { uniqueIdentity } from "./identity.ts";

/**
 * A leader that dies is followed after this time, and each second of it less costs more writes: 8 s
 * is half of client-go's 15 s, for as many writes (one each 2 s).
 */
const LEASE_DURATION_MS = 8_000;

const AN_HOUR = 60 * 60 * 1000;
const milliseconds = z.number().positive().max(AN_HOUR).describe(
  "milliseconds, more than 0 and at most an hour",
);

const schema = z.strictObject({
  namespace: namespaceName,
  name: dnsName,
  identity: z.string().min(1).max(253).optional().describe("a string of 1 to 253 characters"),
  leaseDuration: z.int().multipleOf(1000).min(1000).max(AN_HOUR).default(LEASE_DURATION_MS)
    .describe("milliseconds in whole seconds, from 1000 to an hour"),
  renewDeadline: milliseconds.optional(),
  renewInterval: milliseconds.optional(),
  requestTimeout: milliseconds.optional(),
  labels: z.record(z.string(), z.string()).default({}).describe("labels, each a string"),
  clock: z.custom<Clock>((value) => typeof value === "object" && value !== null, "a Clock")
    .optional(),
  random: z.custom<() => number>((value) => typeof value === "function", "a function").optional(),
});

/** Options of an `Election`. Times are in milliseconds. */
export interface ElectionOptions {
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
   * How long a leader that does not renew is believed by the others; whole seconds. A dead leader is
   * followed within this and a second.
   * @default 8_000
   */
  leaseDuration?: number;
  /**
   * How long a leader leads on after it sent its last successful renewal; less than `leaseDuration`.
   * The rest is what guarded work has to end in after the signal aborted, and the margin for clocks
   * that do not run equally fast.
   * @default three quarters of `leaseDuration`
   */
  renewDeadline?: number;
  /**
   * How often the leader renews; less than `renewDeadline`. It is one write each.
   * @default a quarter of `leaseDuration`
   */
  renewInterval?: number;
  /**
   * How long one request may take, retries by the client included; less than `renewDeadline`. By
   * default two renewals in a row may get no answer without ending the term.
   * @default a quarter of `renewDeadline`
   */
  requestTimeout?: number;
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
  const { leaseDuration } = checked;
  const { renewDeadline = 3 / 4 * leaseDuration, renewInterval = leaseDuration / 4 } = checked;
  const { requestTimeout = renewDeadline / 4 } = checked;
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
  return {
    ...checked,
    identity: checked.identity ?? uniqueIdentity(),
    renewDeadline,
    renewInterval,
    requestTimeout,
    clock: checked.clock ?? systemClock,
    random: checked.random ?? Math.random,
  };
}
