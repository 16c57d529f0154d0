import { asError } from "../../runtime/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import type { Head } from "../heads.ts";
import { waitFor } from "../wait.ts";
import { isWorkload } from "./head_facts.ts";

/** What {@linkcode prune} needs. */
export interface PruneOptions {
  view: ClusterView;
  isDeclared: (head: Head) => boolean;
  /** Has a workload deleted. */
  remove: (target: { name: string; namespace: string }, signal: AbortSignal) => Promise<unknown>;
  /** Hears what could not be deleted. */
  onError: (error: Error) => void;
}

/**
 * Deletes what runs and is not declared. Resolves when that is stored, and when the signal aborts; what
 * cannot be deleted keeps nothing else.
 */
export async function prune(
  signal: AbortSignal,
  { view, isDeclared, remove, onError }: PruneOptions,
): Promise<void> {
  try {
    const reflectors = view.namespaces.flatMap(({ heads }) => [...heads.values()]);
    await waitFor(reflectors, signal, () => true);
    for (const head of reflectors.flatMap(({ store }) => [...store.values()])) {
      if (isDeclared(head) || !isWorkload(head)) continue;
      const target = { name: head.metadata!.name!, namespace: head.metadata!.namespace! };
      await remove(target, signal).catch((error) => {
        signal.throwIfAborted();
        onError(asError(error));
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
