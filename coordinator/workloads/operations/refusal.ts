import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { byTime, clusterEvent } from "./cluster_event.ts";
import type { Scope } from "./scope.ts";

/** An event that is older, in milliseconds, may tell of what was mended since. */
const RECENT = 120_000;

/**
 * Why the controller of a head could not create pods, by the newest event that says it; nothing if
 * there is none, or if a role does not allow to list events.
 */
export async function refusalOf(scope: Scope, signal: AbortSignal): Promise<string | undefined> {
  const head = scope.find();
  if (head === undefined) return undefined;
  try {
    const { items } = await new CoreV1Api(scope.context.client).namespace(scope.namespace)
      .getEventList({
        fieldSelector: `involvedObject.uid=${head.metadata?.uid},reason=FailedCreate`,
        abortSignal: signal,
      });
    const last = items.map(clusterEvent).sort(byTime).at(-1);
    const age = Date.now() - (last?.time?.getTime() ?? 0);
    return age < RECENT ? last?.message : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
