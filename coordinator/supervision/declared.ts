import type { CheckedRunParams } from "../workloads/run_params.ts";
import { groupKey, groupOrder } from "./group.ts";
import { NODE_LOSS_TIMEOUT } from "./node_loss.ts";
import type { Supervised } from "./policy.ts";

/** How a workload is supervised, if it is. */
export function supervisedBy(
  { name, namespace, supervision, nodeLossTimeout = NODE_LOSS_TIMEOUT }: CheckedRunParams,
): Supervised | undefined {
  if (supervision === undefined) return undefined;
  const { replaceOnNodeLoss, ...policy } = supervision;
  const replaceAfter = replaceOnNodeLoss ? nodeLossTimeout : undefined;
  return { name, namespace, policy: { ...policy, replaceAfter } };
}

/**
 * Checks that a workload has a place in the order of its group.
 *
 * @throws {TypeError} when it comes after one that comes after it
 */
export function checkGroup(params: CheckedRunParams, declared: readonly Supervised[]): void {
  const added = supervisedBy(params);
  if (added === undefined) return;
  const key = groupKey(added);
  const isOther = (one: Supervised): boolean =>
    one.name !== added.name || one.namespace !== added.namespace;
  groupOrder([...declared.filter((one) => groupKey(one) === key && isOther(one)), added]);
}
