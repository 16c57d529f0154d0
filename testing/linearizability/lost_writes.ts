import type { History, Operation } from "./operation.ts";

/** What writes and shows values. */
export interface ValueTraits<Input, Output> {
  /** What the operation writes if it has an effect; undefined if nothing. */
  written(input: Input): unknown;
  /** What the operation has seen; undefined if nothing. */
  seen(input: Input, output: Output): unknown;
  /** What the answer would have been to who wrote what this one has seen. */
  answer(input: Input, witness: { readonly input: Input; readonly output: Output }): Output;
  /** The same as this write, with a value that is told from no other that nobody has seen. */
  unseen(input: Input): Input;
}

/** Stands for any value that was written and that nobody has seen. */
export const UNSEEN = "(never seen)";

/**
 * Finds out what became of writes whose answers were lost, where each value is written once: what
 * somebody has seen was written before that one returned. What nobody has seen is still unknown; its
 * value is replaced by one that stands for all such.
 *
 * This only says what follows anyway, and spares the check from trying one after another.
 */
export function resolveLostWrites<Input, Output>(
  history: History<Input, Output>,
  traits: ValueTraits<Input, Output>,
): Operation<Input, Output>[] {
  const writers = new Map<unknown, number>();
  for (const { input } of history) {
    const value = traits.written(input);
    if (value !== undefined) writers.set(value, (writers.get(value) ?? 0) + 1);
  }
  const witnesses = new Map<unknown, Operation<Input, Output>>();
  for (const operation of history) {
    if (operation.output === undefined) continue;
    const value = traits.seen(operation.input, operation.output);
    if (value === undefined || writers.get(value) !== 1) continue;
    const earliest = witnesses.get(value);
    if (earliest === undefined || operation.return < earliest.return) {
      witnesses.set(value, operation);
    }
  }
  return history.map((operation) => {
    if (operation.output !== undefined) return operation;
    const value = traits.written(operation.input);
    if (value === undefined || writers.get(value) !== 1) return operation;
    const witness = witnesses.get(value);
    if (witness === undefined) return { ...operation, input: traits.unseen(operation.input) };
    if (witness.output === undefined || witness.return < operation.call) return operation;
    const { input, output } = witness;
    return {
      ...operation,
      return: witness.return,
      output: traits.answer(operation.input, { input, output }),
    };
  });
}
