import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { WaitOptions } from "../waiting.ts";
import type { Hold } from "./hold.ts";
import { firstHolds } from "./holders.ts";
import { OneParty } from "./one_party.ts";
import { QueueLock } from "./queue_lock.ts";

/**
 * A lock that one holds at a time, over all processes of a cluster.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const orders = primitives.mutex("orders");
 * {
 *   await using held = await orders.acquire({ timeout: 10_000 });
 *   console.log(`others have had it before: their tokens are lower than ${held.token}`);
 *   for (const order of ["a", "b"]) {
 *     held.throwIfOver(); // before each step that only the holder may take
 *     await fetch(`data:,${order}`, { signal: held.signal });
 *   }
 * } // it is released here
 * const again = await orders.tryAcquire();
 * console.log(again ? "nobody holds it" : "somebody was faster");
 * await again?.release();
 * ```
 *
 * ## Flow
 *
 * The lock is a queue in one ConfigMap, `troupe-mutex-<name>`. To acquire it is to add oneself at the end; the first
 * one holds. Who waits watches the ConfigMap, and the session (a Lease) of the one before it. To release is
 * to remove oneself, of which the next one hears by its watch. The session is renewed by itself for as
 * long as the process lives; if it is gone, whoever waits behind removes its entries.
 *
 * ## Guarantees
 *
 * - At any time one hold at most is to be trusted, as `throwIfOver()` judges it: a holder trusts in its session
 *   for `renewDeadline` (6 s) after it sent its last renewal; others take it for dead when they have observed
 *   no renewal for `leaseDuration` (8 s), each by its own monotonic clock. Calendars are not read, and clocks
 *   may run differently by up to a quarter.
 * - Tokens grow from holder to holder: a token is the resourceVersion at which its holder stood first.
 * - First come, first served among those who live. One that loses its session while it waits (the API
 *   server was not reached for 6 s) stands at the end again; one that gives up by `signal` or `timeout` leaves the
 *   queue, in the background.
 * - A holder that died is followed within `leaseDuration` and a second. `close()` of its primitives gives the
 *   lock back at once.
 * - Lost answers, conflicts and a crowded server cost time only: no entry stays that nobody
 *   stands behind.
 *
 * ## Assumptions and caveats
 *
 * - A lock that expires protects nothing by itself: between a check and a write the process may be
 *   stopped for a minute. Guard what must not happen twice by the token: `put(key, value, { fence: held })`
 *   of a `KeyValue`, or a `Fence` of your own (Martin Kleppmann, "How to do distributed locking", 2016).
 * - An object of this class is one party: `acquire` while it holds or waits is refused, for it would wait for
 *   itself. Parties of the same process make an object each.
 * - Who deletes the ConfigMap lets others in while somebody holds: only the tokens, which go on growing,
 *   tell them apart. Those who wait stand in line again. `release()` of the former holder does nothing.
 * - `tryAcquire` of a lock whose holder is dead, but not yet found to be, says that it is held; it does not
 *   find out. Only those who wait do.
 * - A cluster that is restored from a backup gives lower tokens.
 *
 * ## Errors
 *
 * Requests that fail on their way are reported (`Primitives.onError`) and repeated until `signal` or `timeout`
 * ends that. A missing permission and a ConfigMap that is no mutex (`RecordError`) reject. `held.signal` aborts with a
 * `SessionLostError` when it is over without being released.
 *
 * ## Cost
 *
 * With a session (2 requests to begin and end, a write each 2 s, for all that a process holds): two writes to
 * acquire and release, and a read before the first. If it is held: a write to stand in line, a list and a watch of
 * the ConfigMap, which stays open 10 s longer than it is needed, and of the session before. A hand-over is the
 * release's write and its event; three requests if others have come since the holder last heard of the lock. n
 * who wait have n watches of the ConfigMap, and n of Leases. If nothing is heard the n-th reads once per n
 * times `leaseDuration`.
 *
 * `Primitives.mutex` makes it.
 */
export class Mutex {
  readonly #lock: QueueLock;
  readonly #party: OneParty;

  /** Nothing is sent yet. */
  constructor(context: PrimitiveContext, name: string) {
    checkName("mutex", name);
    this.#lock = new QueueLock(context, { kind: "mutex", name, rule: firstHolds });
    this.#party = new OneParty(this.#lock.title);
  }

  /** Its name. */
  get name(): string {
    return this.#lock.name;
  }

  /**
   * Waits until it holds the lock.
   *
   * @throws {ReentrancyError} when this object holds it or waits for it
   */
  acquire(options: WaitOptions = {}): Promise<Hold> {
    return this.#party.enter(() => this.#lock.acquire({}, options));
  }

  /**
   * Holds the lock if nobody else does; waits for answers only.
   *
   * @throws {ReentrancyError} when this object holds it or waits for it
   */
  tryAcquire(options: WaitOptions = {}): Promise<Hold | undefined> {
    return this.#party.enter(() => this.#lock.tryAcquire({}, options));
  }
}
