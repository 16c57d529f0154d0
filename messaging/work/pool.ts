import type { CallLoad } from "../group/call_meter.ts";
import type { Member } from "../group/member.ts";
import type { CallOptions } from "../session/channel.ts";

/** What the workers of a pool take together, as those know it who have work for them. */
export interface Capacity {
  /** Workers that are ready and have the method. */
  readonly workers: number;
  /** Calls that those run at once, by their limits, together. */
  readonly concurrency: number;
  /** Calls that could begin to run at once: what those of them have free that have less than they run. */
  readonly free: number;
}

/** Options of {@linkcode Pool.place}. */
export interface PlaceOptions {
  /** Uids of workers that get it only if no other one is ready, as it went wrong there. */
  readonly avoid?: ReadonlySet<string>;
  /** Ends the waiting: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Workers among which one is chosen, as `map` and `submit` need them; `Group` is one.
 *
 * Who waits for room is served first come, first served, by events: nothing polls.
 */
export interface Pool {
  /**
   * Checks that the workers' contract has that method; nobody would ever be ready for another one.
   *
   * @throws {TypeError} beginning with the purpose
   */
  require(method: string, purpose: string): void;
  /**
   * Chooses the least busy worker that is ready, has the method and runs less than it runs at once;
   * waits until there is one. `begin` is called in the very moment of the choice, so that what it
   * begins at the worker counts before the next choice is made; its result is handed on as it is.
   *
   * @throws the reason of the signal; an `Error` once the pool is closed
   */
  place<T>(method: string, begin: (member: Member) => T, options?: PlaceOptions): Promise<T>;
  /**
   * Calls a method of that worker as its contract says: checks the input, and parses what comes back.
   * The worker is given the call before this returns. It rejects as `Member.call` does, with a
   * `TypeError` for an input that does not fit, with an `IncompatibleError` for an output that does not.
   */
  call(member: Member, method: string, input: unknown, options: CallOptions): Promise<unknown>;
  /** Why it is closed, by which calls reject that were under way; undefined while it is open. */
  readonly closed: Error | undefined;
  /** What the workers take that have the method. */
  capacity(method: string): Capacity;
  /** Hears that `capacity` may have changed, for whichever method; returns what removes it. */
  onChange(hear: () => void): () => void;
  /** What else its workers have to do: asks and streams. */
  readonly calls: CallLoad;
  /** Hears that `calls` has changed; returns what removes it. */
  onCalls(hear: () => void): () => void;
}
