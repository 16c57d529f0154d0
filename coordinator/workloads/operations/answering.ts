import type { Specs } from "../../../messaging/mod.ts";
import { headState } from "../../events/head_state.ts";
import type { Team } from "../../messaging/team.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";

/**
 * Resolves when as many workers can be asked as Kubernetes says are ready: the connections to them are
 * made when their pods are heard of. On a follower, which has none, at once.
 */
export async function waitUntilAnswering(
  scope: Scope,
  team: Team<Specs>,
  options: WaitForWorkloadOptions,
): Promise<void> {
  const head = scope.find();
  if (head === undefined || head.kind === "Job" || head.kind === "CronJob") return;
  if (scope.context.tenure.mandate === undefined) return;
  const { readyReplicas } = headState(head);
  await scope.within("ready, and not all of its workers answered", options, async (signal) => {
    await team.answering(readyReplicas, signal);
  });
}
