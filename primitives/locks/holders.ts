/** Which part of a queue holds, for each kind of lock. */
import type { HoldersRule } from "./lock_queue.ts";

/** The first one. */
export const firstHolds: HoldersRule = () => 1;

/** All who read up to the first who writes, or one who writes. */
export const readersOrWriterHold: HoldersRule = (queue) => {
  const writer = queue.findIndex((it) => it.mode === "write");
  return writer < 0 ? queue.length : Math.max(1, writer);
};

/** As many as there are permits for, up to the first for whom there are not enough. */
export function permitsHold(limit: number): HoldersRule {
  return (queue) => {
    let taken = 0;
    const tooMany = queue.findIndex(({ permits = 1 }) => (taken += permits) > limit);
    return tooMany < 0 ? queue.length : tooMany;
  };
}
