import { podLogs } from "../../../kube/mod.ts";
import { anySignal } from "../../../runtime/mod.ts";
import type { PodState } from "../../events/events.ts";
import { containerStatuses } from "../../events/pod_failure.ts";
import type { Scope } from "./scope.ts";

/** How many lines are asked for. */
const LINES = 10;

/**
 * How long that may take, in milliseconds: who waits is to be told, with or without them. A busy node
 * takes seconds to begin an answer.
 */
const LIMIT = 10_000;

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
  const ended = containerStatuses(pod.source).find(({ state, lastState }) =>
    (state?.terminated ?? lastState?.terminated) != null
  );
  const lines: string[] = [];
  const read = async (previous: boolean): Promise<void> => {
    const log = podLogs(scope.context.client, {
      namespace: pod.namespace,
      pod: pod.name,
      container: ended?.name,
      previous,
      tailLines: LINES,
      signal: anySignal([signal, late.signal]),
    });
    for await (const { text } of log) {
      if (text.trim() !== "") lines.push(text.slice(0, LENGTH));
    }
  };
  try {
    // of a container that waits for its next start, the log is that of its last one
    const runs = ended?.state?.running != null;
    await read(runs);
    // unless it was started meanwhile, and has said nothing yet
    if (lines.length === 0 && !runs) await read(true);
  } catch {
    // what was read until then is better than nothing
  } finally {
    clearTimeout(timer);
  }
  return lines.slice(-LINES);
}
