import type { Model } from "../model.ts";
import { type History, isOutcomeUnknown, type Operation } from "../operation.ts";

/**
 * Tries every order: what the check must agree with on small histories. What is optional has its effect
 * within its interval or never.
 */
export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  isOptional: (operation: Operation<Input, Output>) => boolean = isOutcomeUnknown,
): boolean {
  function hasOrder(left: History<Input, Output>, state: State): boolean {
    if (left.every(isOptional)) return true;
    return left.some((operation) => {
      const before = left.filter((other) => other.return < operation.call);
      if (!before.every(isOptional)) return false;
      const [legal, next] = model.step(state, operation.input, operation.output);
      const rest = left.filter((other) => other !== operation && !before.includes(other));
      return legal && hasOrder(rest, next);
    });
  }
  const parts = model.partition?.(history) ?? new Map([["", history]]);
  return [...parts.values()].every((part) => hasOrder(part, model.init()));
}
