import type { History, Operation } from "./operation.ts";

/** The operations on each key, for objects that do not know each other. */
export function splitByKey<Input extends { readonly key: string }, Output>(
  history: History<Input, Output>,
): Map<string, Operation<Input, Output>[]> {
  return Map.groupBy(history, ({ input }) => input.key);
}
