import { type FencingToken, StaleTokenError } from "./fencing_token.ts";

/** Options of {@linkcode Fence}. */
export interface FenceOptions {
  /**
   * The highest token that was accepted before.
   * @default 0, any token is accepted
   */
  highest?: FencingToken;
}

/**
 * Guards a resource of the user's own by fencing tokens: a file, a device, another service. It
 * stands where the resource is, not where the lock's holder is: only there can it be known that a later
 * holder was faster.
 *
 * ```ts
 * import { Fence, StaleTokenError } from "@troupe/troupe/primitives";
 *
 * const fence = new Fence("printer");
 * function print(page: string, token: number): string {
 *   fence.check(token); // throws a StaleTokenError for a lower one than it has seen
 *   return `printed ${page}`;
 * }
 * print("1", 33);
 * print("2", 34); // a later holder
 * try {
 *   print("3", 33); // the former one wakes up
 * } catch (error) {
 *   console.log(error instanceof StaleTokenError); // true
 * }
 * ```
 *
 * Guarantee: once a token was accepted, no lower one is. Caveats: it remembers in memory only; who
 * must remember longer stores `highest` together with what it guards, in one atomic write, and gives it
 * back at the start. `KeyValue` does that by itself (`put(key, value, { fence })`). Cost: no requests.
 *
 * Source: M. Kleppmann, "How to do distributed locking" (2016).
 */
export class Fence {
  readonly #resource: string;
  #highest: FencingToken;

  /**
   * Guards one resource.
   *
   * @param resource what is guarded, for messages
   * @throws {TypeError} when `highest` is no token
   */
  constructor(resource: string, options: FenceOptions = {}) {
    const { highest = 0 } = options;
    this.#resource = resource;
    this.#highest = 0;
    this.check(highest);
  }

  /** The highest token that was accepted. */
  get highest(): FencingToken {
    return this.#highest;
  }

  /**
   * Accepts a token that is not lower than any before.
   *
   * @throws {StaleTokenError} when it is lower
   * @throws {TypeError} when it is no token: an integer of at least 0
   */
  check(token: FencingToken): void {
    if (!Number.isSafeInteger(token) || token < 0) {
      throw new TypeError(
        `Cannot use "${this.#resource}": the token is ${token}, allowed is an integer of at least 0`,
      );
    }
    if (token < this.#highest) {
      throw new StaleTokenError(
        `Cannot use "${this.#resource}": the token ${token} is lower than ${this.#highest}, ` +
          "which was accepted before",
        { token, highest: this.#highest },
      );
    }
    this.#highest = token;
  }
}
