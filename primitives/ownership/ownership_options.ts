import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import type { KeyHandlers } from "./tenure.ts";

/** How many bytes the keys of one member may take, as JSON: so there is room for those of two releases. */
const MAX_BYTES = 200 * 1024;

/** Long enough for those who are started together, and short for people. */
const SETTLE_MS = 500;

/** Less than the 30 s that a pod has between SIGTERM and SIGKILL. */
const GRACE_MS = 25_000;

const PURPOSE = "Cannot share ownership";

const handler = z.custom<() => unknown>((value) => typeof value === "function", "a function");
const keys = z.custom<Iterable<string>>(isIterable, "an iterable of strings");
const schema = z.strictObject({
  keys,
  onAcquire: handler,
  onRelease: handler.optional(),
  settle: z.number().min(0).max(60_000).default(SETTLE_MS).describe(
    "milliseconds from 0 to a minute",
  ),
  grace: z.number().min(0).default(GRACE_MS).describe("milliseconds of at least 0"),
});

/** Options of `Primitives.shardedOwnership`. */
export interface OwnershipOptions extends KeyHandlers {
  /**
   * The keys that this member can have; it is given no others. Members may name different ones: each key goes to
   * one of those who name it.
   */
  keys: Iterable<string>;
  /**
   * Milliseconds that keys stay where they are after others have joined, and up to half of it more, and that
   * one who has joined waits before it takes any: so that keys move once when many join together.
   * @default 500
   */
  settle?: number;
  /**
   * Milliseconds that `Primitives.close()` waits for handlers. Those that still run then are reported, and others
   * get their keys. The ownership's own `close()` waits for as long as it takes.
   * @default 25_000
   */
  grace?: number;
}

/** Options that were checked. */
export interface CheckedOwnershipOptions extends KeyHandlers {
  readonly keys: ReadonlySet<string>;
  readonly settle: number;
  readonly grace: number;
}

/**
 * Checks the options.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 * @throws {RangeError} when the keys take more than 200 KiB
 */
export function checkOwnershipOptions(options: OwnershipOptions): CheckedOwnershipOptions {
  const { settle, grace } = checkOptions(schema, options, { purpose: PURPOSE });
  return { ...options, settle, grace, keys: checkKeys(options.keys) };
}

/**
 * Checks keys.
 *
 * @throws {TypeError} when one is no string of 1 to 253 characters
 * @throws {RangeError} when they take more than 200 KiB
 */
export function checkKeys(given: Iterable<string>): ReadonlySet<string> {
  if (!isIterable(given)) throw new TypeError(`${PURPOSE}: "keys" is no iterable of strings`);
  const all = new Set(given);
  for (const key of all) {
    if (typeof key === "string" && key.length > 0 && key.length <= 253) continue;
    throw new TypeError(
      `${PURPOSE}: a key is ${JSON.stringify(key)}, allowed is a string of 1 to 253 characters`,
    );
  }
  const bytes = new TextEncoder().encode(JSON.stringify([...all])).length;
  if (bytes > MAX_BYTES) {
    throw new RangeError(
      `${PURPOSE}: the keys take ${bytes} bytes, allowed are ${MAX_BYTES}`,
    );
  }
  return all;
}

function isIterable(value: unknown): value is Iterable<string> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
