import type { Supervised } from "./policy.ts";

/** Tells groups of workloads apart: those of one app in one namespace, or one that has no app. */
export function groupKey({ name, namespace, policy }: Supervised): string {
  return policy.app === undefined ? `${namespace}/${name}` : `${namespace}//${policy.app}`;
}

/**
 * The workloads of a group in their order: each after those that it names, else as they were declared
 * (the order of `declared`). Names that are not in the group are passed over: they may come later.
 *
 * @throws {TypeError} when workloads come after each other
 */
export function groupOrder(declared: readonly Supervised[]): Supervised[] {
  const order: Supervised[] = [];
  let left = [...declared];
  while (left.length > 0) {
    const waits = new Set(left.map(({ name }) => name));
    const next = left.find(({ name, policy }) =>
      !policy.after?.some((other) => other !== name && waits.has(other))
    );
    if (next === undefined) {
      const names = left.map(({ name }) => `"${name}"`).join(", ");
      throw new TypeError(
        `Cannot order app "${left[0]!.policy.app}": ${names} come after each other`,
      );
    }
    order.push(next);
    left = left.filter((one) => one !== next);
  }
  return order;
}
