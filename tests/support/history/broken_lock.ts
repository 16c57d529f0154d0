import type { Clock, KeyValue } from "../../../primitives/mod.ts";
import type { HeldLock, Lock } from "./lock.ts";

/** What the lock stores: who holds it, and until when by the holder's calendar. */
interface Lease {
  holder: string;
  until: number;
}

/** What a {@linkcode BrokenLock} needs. */
export interface BrokenLockOptions {
  bucket: KeyValue<Lease>;
  /** Where in the bucket it is. */
  key: string;
  clock: Clock;
  /** Milliseconds that a hold lasts after each renewal. */
  duration: number;
}

/**
 * A lock as it is often made, and wrong: whether a hold has expired is told by comparing calendars, a
 * holder believes in its hold until a renewal fails, and nothing looks at tokens. It is here to show
 * that the check of histories finds such things.
 */
export class BrokenLock implements Lock {
  readonly #options: BrokenLockOptions;

  /** Nothing is sent yet. */
  constructor(options: BrokenLockOptions) {
    this.#options = options;
  }

  async acquire({ signal }: { signal: AbortSignal }): Promise<HeldLock> {
    const { bucket, key, clock, duration } = this.#options;
    const holder = crypto.randomUUID();
    for (;;) {
      const now = clock.date().getTime();
      const found = await bucket.entry(key, { signal });
      if (found === undefined || found.value.until < now) {
        const lease = { holder, until: now + duration };
        try {
          const ifVersion = found?.version ?? 0;
          const token = await bucket.put(key, lease, { ifVersion, signal });
          return this.#hold(holder, token);
        } catch (error) {
          if (signal.aborted) throw error; // somebody was faster
        }
      }
      await new Promise((resolve) => clock.timer(50, () => resolve(undefined)));
      signal.throwIfAborted();
    }
  }

  #hold(holder: string, token: number): HeldLock {
    const { bucket, key, clock, duration } = this.#options;
    let isHeld = true;
    let cancel = (): void => {};
    const renew = async (): Promise<void> => {
      const until = clock.date().getTime() + duration;
      const lease = await bucket.update(key, (stored) => {
        return stored?.holder === holder ? { holder, until } : undefined;
      }, { timeout: duration }).catch(() => undefined);
      if (lease?.holder !== holder) isHeld = false;
      else if (isHeld) cancel = clock.timer(duration / 3, renew);
    };
    cancel = clock.timer(duration / 3, renew);
    return {
      token,
      isHeld: () => isHeld,
      async release() {
        isHeld = false;
        cancel();
        await bucket.update(key, (stored) => {
          return stored?.holder === holder ? { holder, until: 0 } : undefined;
        }, { timeout: duration });
        return false;
      },
    };
  }
}
