import type { AnyReflector } from "../cluster_view.ts";
import type { PodState } from "../events/events.ts";
import { headState } from "../events/head_state.ts";
import type { Head } from "../heads.ts";
import { explainWorkload as explainState } from "../recorder/explain_workload.ts";

/** What is there of a workload, and for what is not ready why; for a message. */
export function explainWorkload(
  reflectors: readonly AnyReflector[],
  found: Head | undefined,
  states: readonly PodState[],
): string {
  const parts: string[] = [];
  const cut = reflectors.map(({ health }) => health).find(({ state }) => state !== "synced");
  if (cut) {
    const why = cut.lastError === undefined ? "" : ` (${cut.lastError.message})`;
    parts.push(`the connection is ${cut.state}${why}`);
  }
  if (found !== undefined) parts.push(...explainState(headState(found), states));
  else if (reflectors.every(({ health }) => health.synced)) {
    parts.push("no object of it is to be seen");
  }
  return parts.join("; ");
}
