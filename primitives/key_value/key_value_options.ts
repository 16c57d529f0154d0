import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import type { Fenced, FencingToken } from "../fencing/fencing_token.ts";
import type { WaitOptions } from "../waiting.ts";

/** Options of reads of a bucket. */
export interface ReadOptions extends WaitOptions {
  /**
   * Whether what this process has seen last of the bucket will do, which costs no request: it is as old as
   * its last read, write or event of a watch.
   * @default false
   */
  cached?: boolean;
}

/** Options of what changes a bucket. */
export interface ChangeOptions extends WaitOptions {
  /**
   * A hold or a term, or a bare token, whose scope is the bucket: the change is refused once one with a
   * higher token of the same scope was made, with a `StaleTokenError`. One that is `undefined`, such as a key that
   * is not owned any more, is refused with a `TypeError`.
   * @default none
   */
  fence?: Fenced | FencingToken;
}

/** Options of a change of one key. */
export interface KeyChangeOptions extends ChangeOptions {
  /**
   * The version that the key must have, 0 if it must not be there; else the change is refused, with a
   * `VersionMismatchError`.
   * @default none, whatever it is
   */
  ifVersion?: number;
}

/** Options of a value. */
export interface ValueOptions {
  /**
   * Milliseconds after which it is deleted, at the earliest, counted from when a process has seen it.
   * @default none, it stays
   */
  ttl?: number;
}

/** Options of `put`. */
export interface PutOptions extends KeyChangeOptions, ValueOptions {}

/** Options of `update`. */
export interface UpdateOptions extends ChangeOptions, ValueOptions {}

/** Options of `watch`. */
export interface WatchOptions {
  /**
   * Ends it.
   * @default none
   */
  signal?: AbortSignal;
}

/** The longest is that of a key that is owned: of 253 characters, as the names of objects, and of a namespace. */
const MAX_SCOPE = 600;

const A_YEAR = 365 * 24 * 60 * 60 * 1000;
const token = z.int().min(0).describe("an integer of at least 0");

const FENCE =
  "a token, or an object { scope, token } such as a hold or a term, with a scope of at most 600 characters";

const schema = z.strictObject({
  fence: z.union([
    token,
    z.custom<Fenced>((value) => {
      const { scope, token: given } = (value ?? {}) as Partial<Fenced>;
      return typeof scope === "string" && scope.length <= MAX_SCOPE &&
        token.safeParse(given).success;
    }),
  ]).describe(FENCE).optional(),
  ifVersion: token.optional(),
  ttl: z.int().min(1).max(A_YEAR).describe("milliseconds, an integer from 1 to a year").optional(),
  cached: z.boolean().describe("true or false").optional(),
  signal: z.instanceof(AbortSignal).describe("an AbortSignal").optional(),
  timeout: z.unknown().optional(), // `bounded` looks at it, as for all calls
});

/** Options that were checked; a bare token has the scope of the bucket, `""`. */
export interface CheckedOptions extends Omit<PutOptions & ReadOptions, "fence"> {
  readonly fence?: Fenced;
}

/**
 * Checks the options of a call.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkCallOptions(
  options: (PutOptions & ReadOptions) | undefined,
  { cannot }: { cannot: string },
): CheckedOptions {
  if (options === undefined) return {};
  checkOptions(schema, options, { purpose: cannot });
  if ("fence" in options && options.fence === undefined) {
    throw new TypeError(
      `${cannot}: "fence" given undefined, allowed is ${FENCE}, or to leave it out`,
    );
  }
  const { fence, ...rest } = options;
  if (fence === undefined) return rest;
  if (typeof fence === "number") return { ...rest, fence: { scope: "", token: fence } };
  return { ...rest, fence: { scope: fence.scope, token: fence.token } };
}
