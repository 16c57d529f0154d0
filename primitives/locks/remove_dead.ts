import { anySignal } from "../../runtime/mod.ts";
import type { PrimitiveContext } from "../context.ts";
import type { SharedRecord } from "../record/mod.ts";
import { type LockEntry, type LockQueue, withoutSession } from "./lock_queue.ts";

/** Milliseconds beyond `leaseDuration` that it may take to find out that a session is gone. */
const MARGIN = 1_000;

/**
 * Removes those of the entries whose sessions are gone, from outside of the queue. Resolves when all were, or
 * when the time is over after which the others are known to live.
 */
export async function removeDead(
  { clock, sessions, timing }: PrimitiveContext,
  { record, entries, signal }: {
    record: SharedRecord<LockQueue>;
    entries: readonly LockEntry[];
    signal: AbortSignal;
  },
): Promise<void> {
  const late = new AbortController();
  const cancel = clock.timer(
    timing.leaseDuration + MARGIN,
    () => late.abort(new Error("The others live")),
  );
  const ended = anySignal([signal, late.signal]);
  try {
    const names = new Set(entries.map((it) => it.session));
    await Promise.all([...names].map(async (name) => {
      await sessions.gone(name, ended);
      await record.update((state) => withoutSession(state, name), ended);
    }));
  } catch (error) {
    signal.throwIfAborted();
    if (!late.signal.aborted) throw error;
  } finally {
    cancel();
    late.abort(new Error("It is done"));
  }
}
