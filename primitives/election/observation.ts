import type { LeaseRecord } from "./lease_record.ts";

/** What a candidate knows of the Lease, and until when it must not take it. */
export interface Observation {
  /** The Lease; nothing when there is none. */
  readonly lease?: LeaseRecord;
  /** When this came to be known, by the local monotonic clock. */
  readonly at: number;
  /**
   * Until when a holder may trust in it, by the local monotonic clock: counted from when its last
   * change was observed here. A holder knows of its renewal before anybody else, and stops trusting
   * in it earlier, so this is never too soon.
   */
  readonly heldUntil: number;
}

/** Adds to what is known. */
export function observe(
  known: Observation | undefined,
  lease: LeaseRecord | undefined,
  { now, leaseDuration }: { now: number; leaseDuration: number },
): Observation {
  return { lease, at: now, heldUntil: heldUntil(known, lease, { now, leaseDuration }) };
}

function heldUntil(
  known: Observation | undefined,
  lease: LeaseRecord | undefined,
  { now, leaseDuration }: { now: number; leaseDuration: number },
): number {
  if (!known) return lease?.holder === undefined ? -Infinity : now + durationOf(lease);
  // whoever deletes the Lease, or creates another, does not tell its holder, who may have renewed it since
  const unseen = known.lease
    ? Math.max(known.heldUntil, now + durationOf(known.lease))
    : known.heldUntil;
  if (lease === undefined) return unseen;
  const same = lease.uid === known.lease?.uid;
  if (lease.holder === undefined) return same ? -Infinity : unseen;
  if (same && isUnchanged(known.lease!, lease)) return known.heldUntil;
  return now + durationOf(lease);

  function durationOf(it: LeaseRecord): number {
    return it.durationMs ?? leaseDuration;
  }
}

/** Whether nothing was renewed; labels and the like may have changed. */
function isUnchanged(before: LeaseRecord, after: LeaseRecord): boolean {
  return before.holder === after.holder && before.instance === after.instance &&
    before.mark === after.mark && before.durationMs === after.durationMs &&
    before.transitions === after.transitions;
}
