import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { WaitOptions } from "../waiting.ts";
import type { Hold } from "./hold.ts";
import { readersOrWriterHold } from "./holders.ts";
import { OneParty } from "./one_party.ts";
import { QueueLock } from "./queue_lock.ts";

const KIND = "read-write-lock";

/**
 * A lock that many hold to read, or one to write, over all processes of a cluster.
 *
 * ```ts
 * import { z } from "zod";
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const prices = primitives.keyValue("prices", z.number());
 * {
 *   await using writing = await primitives.readWriteLock("catalog").acquireWrite({ timeout: 10_000 });
 *   await prices.put("tea", 3, { fence: writing }); // both or none, for those who read
 *   await prices.put("coffee", 4, { fence: writing });
 * }
 * const [one, other] = [primitives.readWriteLock("catalog"), primitives.readWriteLock("catalog")];
 * await using reading = await one.acquireRead();
 * await using alsoReading = await other.acquireRead(); // at the same time
 * console.log(await prices.get("tea"), await prices.get("coffee"));
 * reading.throwIfOver(); // so nobody has written in between
 * alsoReading.throwIfOver();
 * ```
 *
 * ## Flow
 *
 * That of a `Mutex`: a queue in one ConfigMap, `troupe-read-write-lock-<name>`. From its beginning those hold who
 * read, up to the first who writes; or the one who writes, if it is first.
 *
 * ## Guarantees
 *
 * - At no time are a hold to write and any other both to be trusted, as `throwIfOver()` judges it.
 * - First come, first served among those who live: a writer waits for those who read before it, and who comes
 *   to read after it waits for it. So neither starves.
 * - The token of a writer is higher than those of all holds that ended before, and lower than those of all that
 *   begin after. Those of readers who hold at the same time are in no order that means anything.
 * - All else as with a `Mutex`: dead holders are followed within `leaseDuration` and a second.
 *
 * ## Assumptions and caveats
 *
 * - Those of a `Mutex`. In particular a reader that was stopped may look at what is being changed: look at
 *   the data first, and ask `throwIfOver()` then.
 * - An object is one party: it holds once, to read or to write; there is no upgrade from one to the other, for
 *   two that want it would wait for each other.
 *
 * ## Errors
 *
 * Those of a `Mutex`.
 *
 * ## Cost
 *
 * That of a `Mutex`; but the first who waits watches the sessions of all who hold: n readers are n watches for
 * the writer behind them. When a writer releases, all readers behind it hold by that one write.
 *
 * `Primitives.readWriteLock` makes it.
 */
export class ReadWriteLock {
  readonly #lock: QueueLock;
  readonly #party: OneParty;

  /** Nothing is sent yet. */
  constructor(context: PrimitiveContext, name: string) {
    checkName(KIND, name);
    this.#lock = new QueueLock(context, { kind: KIND, name, rule: readersOrWriterHold });
    this.#party = new OneParty(this.#lock.title);
  }

  /** Its name. */
  get name(): string {
    return this.#lock.name;
  }

  /**
   * Waits until it holds the lock together with others who read.
   *
   * @throws {ReentrancyError} when this object holds it or waits for it
   */
  acquireRead(options: WaitOptions = {}): Promise<Hold> {
    return this.#party.enter(() => this.#lock.acquire({ mode: "read" }, options));
  }

  /**
   * Waits until it alone holds the lock.
   *
   * @throws {ReentrancyError} when this object holds it or waits for it
   */
  acquireWrite(options: WaitOptions = {}): Promise<Hold> {
    return this.#party.enter(() => this.#lock.acquire({ mode: "write" }, options));
  }

  /** Holds it to read if nobody writes or waits to; waits for answers only. Else as `acquireRead`. */
  tryAcquireRead(options: WaitOptions = {}): Promise<Hold | undefined> {
    return this.#party.enter(() => this.#lock.tryAcquire({ mode: "read" }, options));
  }

  /** Holds it to write if nobody holds it; waits for answers only. Else as `acquireWrite`. */
  tryAcquireWrite(options: WaitOptions = {}): Promise<Hold | undefined> {
    return this.#party.enter(() => this.#lock.tryAcquire({ mode: "write" }, options));
  }
}
