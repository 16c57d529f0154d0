import { ObjectApi } from "../../../kube/mod.ts";
import { anySignal } from "../../../runtime/mod.ts";
import type { Head, HeadKind } from "../../heads.ts";
import { LABELS } from "../../labels.ts";
import { waitFor } from "../../wait.ts";
import type { Decision } from "../fenced_writer.ts";
import { type ProgressOptions, ProgressReporter } from "./rollout_progress.ts";
import { isSame, type Scope, type WaitForWorkloadOptions } from "./scope.ts";

/** Options of `Workload.delete`. */
export interface DeleteOptions extends WaitForWorkloadOptions, ProgressOptions {}

/** See `Workload.delete`. */
export async function deleteWorkload(scope: Scope, options: DeleteOptions): Promise<void> {
  const watched = scope.reflectors();
  const progress = new ProgressReporter(options);
  await scope.within("not gone", options, async (signal) => {
    const deleted = await removeWorkload(scope, signal);
    const failed = new AbortController(); // what one of the following fails with ends all of them
    const both = anySignal([signal, failed.signal]);
    const isAnother = (found: Head | undefined): boolean =>
      found !== undefined && !deleted.some((head) => isSame(head, found));
    const gone = waitFor(watched, both, () => {
      const found = scope.find();
      if (isAnother(found)) return true;
      const left = scope.pods().length;
      progress.deletion(left);
      return (found === undefined && left === 0) || undefined;
    });
    try {
      await Promise.all([gone, ...deleted.map((head) => goneFromServer(scope, head, both))]);
    } finally {
      failed.abort();
    }
  });
}

/** Has the workload deleted; resolves with the heads that will be gone. */
export async function removeWorkload(scope: Scope, signal: AbortSignal): Promise<Head[]> {
  const { context, key } = scope;
  const { applied, coordinator, tenure, writer, writes, forgetting } = context;
  const forget = forgetting(key); // not what is run after this call, though it comes before its turn
  return await writes.add(key, signal, async () => {
    const mandate = tenure.require(`delete "${scope.name}"`);
    await waitFor(scope.reflectors(), signal, () => true);
    const heads = new Map<HeadKind, Head>();
    for (const [kind, { store }] of scope.view().heads) {
      const seen = store.get(key);
      if (seen !== undefined) heads.set(kind, seen);
    }
    const last = applied.get(key);
    if (last !== undefined && !last.deleted) heads.set(last.head.kind, last.head);
    forget(); // from here on its absence is right
    const deleted: Head[] = [];
    for (const [kind, seen] of heads) {
      await writer.write(scope.targetOf(kind), mandate, (live): Decision<Head> => {
        if (live?.metadata?.labels?.[LABELS.coordinator] !== coordinator) return undefined;
        deleted.push(live);
        context.deleted.add(live.metadata?.uid ?? "");
        if (live.metadata?.deletionTimestamp != null) return undefined;
        return { verb: "delete", propagation: "Foreground" }; // gone only when its pods are
      }, { signal, seen });
    }
    return deleted;
  });
}

/** Resolves when a head is gone from the server, whatever a copy that lags shows. */
async function goneFromServer(scope: Scope, head: Head, signal: AbortSignal): Promise<void> {
  const { kind, namespace, name } = scope.targetOf(head.kind);
  const heads = scope.view().heads.get(head.kind)!;
  const isSeen = (): boolean => {
    const seen = heads.store.get(scope.key);
    return seen !== undefined && isSame(seen, head);
  };
  const api = new ObjectApi(scope.context.client, kind, namespace);
  while (true) {
    await waitFor([heads], signal, () => !isSeen() || undefined);
    const live = await api.get(name, { signal });
    if (live === undefined || !isSame(live, head)) return;
    await waitFor([heads], signal, () => isSeen() || undefined); // the copy lags
  }
}
