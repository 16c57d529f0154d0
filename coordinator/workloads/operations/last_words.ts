import { podLogs } from "../../../kube/mod.ts";
import type { PodState } from "../../events/events.ts";
import { containerStatuses } from "../../events/pod_failure.ts";
import type { Scope } from "./scope.ts";

/** How many lines are asked for. */
const LINES = 10;

/** How long that may take, in milliseconds: who waits is to be told, with or without them. */
const LIMIT = 2_000;

/** No line is told longer than this. */
const LENGTH = 300;

/**
 * The last lines of the log of the container that ended, as well as they can be had: a role without
 * `pods/log`, or a node that has thrown them away, gives none.
 */
export async function lastWords(
  scope: Scope,
  pod: PodState,
  signal: AbortSignal,
): Promise<string[]> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), LIMIT);
  const lines: string[] = [];
  const ended = containerStatuses(pod.source).find(({ state, lastState }) =>
    (state?.terminated ?? lastState?.terminated) != null
  );
  try {
    const log = podLogs(scope.context.client, {
      namespace: pod.namespace,
      pod: pod.name,
      container: ended?.name,
      // of a container that waits for its next start, the log is that of its last one
      previous: ended?.state?.running != null,
      tailLines: LINES,
      signal: AbortSignal.any([signal, late.signal]),
    });
    for await (const { text } of log) {
      if (text.trim() !== "") lines.push(text.slice(0, LENGTH));
    }
  } catch {
    // what was read until then is better than nothing
  } finally {
    clearTimeout(timer);
  }
  return lines.slice(-LINES);
}
