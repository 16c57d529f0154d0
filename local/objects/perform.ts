/**
 * Carries out a plan.
 *
 * @module
 */
import type { EventRecorder, Note } from "./events.ts";
import type { ObjectClient, Write } from "./writes.ts";

/** A write, and what to tell once it is done. */
export interface Step {
  readonly write: Write;
  readonly note?: Note;
}

/** What {@linkcode perform} works with. */
export interface PerformOptions {
  readonly client: ObjectClient;
  /** Hears the notes of the steps that were done. */
  readonly events?: EventRecorder;
  readonly signal?: AbortSignal;
}

/**
 * Does the steps one after another, up to the first that fails. A step that updates what one
 * before it wrote goes on from that version: only a change by someone else is a conflict.
 */
export async function perform(steps: readonly Step[], options: PerformOptions): Promise<void> {
  const { client, events, signal } = options;
  const versions = new Map<string, string>();
  for (const { write, note } of steps) {
    const stored = await client.write(atVersion(write, versions), { signal });
    if (write.verb !== "delete") {
      versions.set(stored.metadata.uid, stored.metadata.resourceVersion);
    }
    if (note) events?.record(note);
  }
}

function atVersion(write: Write, versions: ReadonlyMap<string, string>): Write {
  if (write.verb !== "update") return write;
  const resourceVersion = versions.get(write.object.metadata.uid);
  if (resourceVersion === undefined) return write;
  const metadata = { ...write.object.metadata, resourceVersion };
  return { ...write, object: { ...write.object, metadata } };
}
