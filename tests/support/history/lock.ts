import type { Clock, Fenced, Mutex } from "../../../primitives/mod.ts";

/** A lock that is held, as far as a history needs it. */
export interface HeldLock {
  readonly token: number;
  /** What writes show that are only to be accepted from the last holder; nothing without fencing. */
  readonly fence?: Fenced;
  /** Whether the holder may trust in it now. */
  isHeld(): boolean;
  /** Gives it back; whether it was held until then. */
  release(): Promise<boolean>;
}

/** Something that one holds at a time. */
export interface Lock {
  acquire(options: { signal: AbortSignal }): Promise<HeldLock>;
}

/** A mutex as such a lock. */
export function lockOf(mutex: Mutex, clock: Clock): Lock {
  return {
    async acquire(options) {
      const hold = await mutex.acquire(options);
      return {
        token: hold.token,
        fence: hold,
        isHeld: () => hold.remainingMs() > 0,
        async release() {
          // what is given back while it may still be trusted in was held until then
          const end = clock.now() + hold.remainingMs();
          await hold.release();
          return clock.now() < end;
        },
      };
    },
  };
}
