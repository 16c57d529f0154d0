import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { checkName } from "../checked_name.ts";
import type { PrimitiveContext } from "../context.ts";
import type { WaitOptions } from "../waiting.ts";
import type { Hold } from "./hold.ts";
import { permitsHold } from "./holders.ts";
import { QueueLock } from "./queue_lock.ts";

/** Each holder is an entry of one object. */
const MAX_PERMITS = 1_000_000;

/** Options of {@linkcode Semaphore.acquire}. */
export interface SemaphoreAcquireOptions extends WaitOptions {
  /**
   * How many are taken, all or none.
   * @default 1
   */
  permits?: number;
}

/**
 * A number of permits, of which each is held by one at a time, over all processes of a cluster.
 *
 * ```ts
 * import { Primitives } from "@troupe/troupe/primitives";
 *
 * await using primitives = await Primitives.create();
 * const gpus = primitives.semaphore("gpus", 4);
 * await Promise.all(["a", "b", "c", "d", "e", "f"].map(async (job) => {
 *   await using held = await gpus.acquire({ timeout: 10_000 });
 *   console.log(`${job} runs, as one of four at most`);
 *   await fetch(`data:,${job}`, { signal: held.signal });
 * }));
 * await using large = await gpus.tryAcquire({ permits: 3 });
 * console.log(large ? "three are taken" : "others work");
 * ```
 *
 * ## Flow
 *
 * That of a `Mutex`: a queue in one ConfigMap, `troupe-semaphore-<name>`. From its beginning as many hold as there
 * are permits for.
 *
 * ## Guarantees
 *
 * - At any time no more permits than there are belong to holds that are to be trusted, as `throwIfOver()` judges it.
 * - First come, first served among those who live: who wants many permits is not passed by those who want
 *   few, also if there would be enough for them.
 * - The permits of a process that died come back within `leaseDuration` and a second; so do those of one that
 *   lost its session.
 *
 * ## Assumptions and caveats
 *
 * - Those of a `Mutex`. A token tells who came later, but several hold at the same time: as a `fence` it would
 *   refuse those who came earlier and still hold. Guard what one permit stands for by a scope of its own.
 * - All must state the same number of permits. Whoever states another one while the semaphore is held or waited
 *   for is refused, after `leaseDuration` and a second if it may be that they are all dead. When nobody is
 *   left the next one's number counts; so it can be changed by a rolling update with a pause only.
 * - One object may be used by many at the same time: nothing is reentrant, and who holds all permits and
 *   wants another one waits for itself.
 *
 * ## Errors
 *
 * Those of a `Mutex`, and a `RangeError` for more permits than there are, or if others state another number.
 *
 * ## Cost
 *
 * That of a `Mutex`; updates of one process that come together are one write. The first who waits watches the
 * sessions of all who hold, one for each process.
 *
 * `Primitives.semaphore` makes it.
 */
export class Semaphore {
  /** How many there are. */
  readonly permits: number;
  readonly #lock: QueueLock;

  /** Nothing is sent yet. */
  constructor(context: PrimitiveContext, name: string, permits: number) {
    checkName("semaphore", name);
    checkPermits(permits, MAX_PERMITS, "Cannot make a semaphore");
    this.permits = permits;
    const rule = permitsHold(permits);
    this.#lock = new QueueLock(context, { kind: "semaphore", name, rule, limit: permits });
  }

  /** Its name. */
  get name(): string {
    return this.#lock.name;
  }

  /** Waits until it holds permits. */
  async acquire(options: SemaphoreAcquireOptions = {}): Promise<Hold> {
    const { permits, ...wait } = this.#checked(options);
    return await this.#lock.acquire({ permits }, wait);
  }

  /** Holds permits if nobody has to be waited for; waits for answers only. */
  async tryAcquire(options: SemaphoreAcquireOptions = {}): Promise<Hold | undefined> {
    const { permits, ...wait } = this.#checked(options);
    return await this.#lock.tryAcquire({ permits }, wait);
  }

  #checked({ permits = 1, ...wait }: SemaphoreAcquireOptions): WaitOptions & { permits: number } {
    checkPermits(permits, this.permits, `Cannot acquire ${this.#lock.title}`);
    return { permits, ...wait };
  }
}

function checkPermits(permits: number, max: number, purpose: string): void {
  const schema = z.strictObject({
    permits: z.int().min(1).max(max).describe(`an integer from 1 to ${max}`),
  });
  checkOptions(schema, { permits }, { purpose });
}
