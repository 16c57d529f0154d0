/**
 * What Kubernetes tells about the objects of a workload.
 *
 * A reflector of the namespace's events lives as long as the sequence; what it holds at first comes in
 * the order of time, what is new as it comes. Events that are forgotten (after an hour, by default) are
 * not told.
 *
 * @module
 */
import type { Event } from "@cloudydeno/kubernetes-apis/core/v1";
import { EVENTS, isForbidden, Reflector } from "../../../kube/mod.ts";
import { EventStream } from "../../events/event_stream.ts";
import { unlessAborted, waitFor } from "../../wait.ts";
import { byTime, type ClusterEvent, clusterEvent, isAbout } from "./cluster_event.ts";
import type { Scope } from "./scope.ts";

/** Options of `Workload.events`. */
export interface WorkloadEventsOptions {
  /**
   * Whether to go on with what is told later, until the signal aborts or the consumer leaves the loop.
   * @default false
   */
  follow?: boolean;
  /** Ends the sequence with its reason as error when it aborts. */
  signal?: AbortSignal;
}

/** See `Workload.events`. */
export async function* workloadEvents(
  scope: Scope,
  options: WorkloadEventsOptions,
): AsyncIterableIterator<ClusterEvent> {
  const signal = scope.signal(options.signal);
  await waitFor(scope.reflectors(), signal, () => true);
  const { name, namespace } = scope;
  await using reflector = new Reflector(scope.context.client, EVENTS, { namespace });
  const uids = new Set<string>();
  const isOwn = (event: Event): boolean => {
    const head = scope.find();
    // also those that are gone when the event comes
    for (const { uid } of [...scope.pods(), ...head?.metadata?.uid ? [head.metadata] : []]) {
      uids.add(uid!);
    }
    return isAbout(event, { name, kind: head?.kind, uids });
  };
  const refused = Promise.withResolvers<never>();
  const later = new EventStream<ClusterEvent>(() => {});
  reflector.onError((error) => {
    if (!isForbidden(error)) return;
    refused.reject(error);
    later.end({ error });
  });
  let listed = false;
  reflector.onChange(({ type, object }) => {
    if (listed && type !== "deleted" && isOwn(object)) void later.push(clusterEvent(object));
  });
  reflector.start();
  await unlessAborted(signal, Promise.race([reflector.synced(), refused.promise]));
  const present = [...reflector.store.values()].filter(isOwn).map(clusterEvent).sort(byTime);
  listed = true;
  yield* present;
  if (!options.follow) return;
  const onAbort = (): void => later.end({ error: signal.reason });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    yield* later;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
