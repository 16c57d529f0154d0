import type { Model } from "./model.ts";
import type { History, Operation } from "./operation.ts";
import { type Candidate, searchLinearization } from "./search.ts";

/** Milliseconds that an attempt to make an operation of the conflict optional may take. */
const ATTEMPT_TIME = 300;

/** What makes a history illegal. */
export interface Conflict<Input, Output> {
  /**
   * Operations of which one at least is wrong, whatever the others have done; in order of their calls.
   * The last one that returned is in it.
   */
  readonly operations: History<Input, Output>;
  /** The longest linearization of what had returned by then, and of what overlaps it. */
  readonly linearized: History<Input, Output>;
}

/**
 * Makes an illegal history small, of which `order` is the longest linearization: first it is ended at the earliest return with which it is illegal, then
 * all are made optional, in chunks that become smaller, that can be without making it legal. An operation
 * that becomes optional may still have its effect in its interval. Thus what is left contradicts itself
 * with any choice of the others: leaving operations out would not be so, as who takes a write away
 * makes its readers wrong.
 *
 * An attempt that takes too long is not pursued. Ends at `deadline` (milliseconds of
 * `performance.now()`) with what it has by then.
 */
export function shrinkConflict<State, Input, Output>(
  model: Model<State, Input, Output>,
  { history, order }: { history: History<Input, Output>; order: readonly number[] },
  deadline: number,
): Conflict<Input, Output> {
  const search = (candidates: readonly Candidate<Input, Output>[], time = Infinity) =>
    searchLinearization(model, candidates, Math.min(performance.now() + time, deadline));
  const returns = history.map((operation) => operation.return)
    .filter((at) => at !== Infinity).sort((a, b) => a - b);
  const placed = new Set(order);
  const stuck = Math.min(
    ...history.map((operation, i) => placed.has(i) ? Infinity : operation.return),
  );
  // the longest order ended where this one returned: as a rule it is the one, and no other is looked at
  const guesses = [returns.indexOf(stuck), returns.indexOf(stuck) - 1];
  let [legal, illegal] = [-1, returns.length - 1];
  while (illegal - legal > 1) {
    const guess = guesses.shift() ?? -1;
    const middle = guess > legal && guess < illegal ? guess : (legal + illegal) >> 1;
    if (search(endedAt(history, returns[middle]!)).found === false) illegal = middle;
    else legal = middle;
  }
  let candidates = endedAt(history, returns[illegal] ?? Infinity);
  const linearized = search(candidates).order.map((index) => candidates[index]!.operation);

  const readers = candidates.map((candidate) => {
    const { input, output, return: end } = candidate.operation;
    const isReadOnly = output !== undefined && (model.isReadOnly?.(input, output) ?? false);
    return isReadOnly && end !== returns[illegal] ? { ...candidate, isOptional: true } : candidate;
  });
  if (search(readers).found === false) candidates = readers;
  for (const { from, to } of chunks(candidates.length)) {
    if (performance.now() > deadline) break;
    if (candidates.slice(from, to).every(({ isOptional }) => isOptional)) continue;
    const weaker = candidates.map((candidate, i) =>
      i >= from && i < to ? { ...candidate, isOptional: true } : candidate
    );
    if (search(weaker, ATTEMPT_TIME).found === false) candidates = weaker;
  }
  const operations = candidates.filter(({ isOptional }) => !isOptional)
    .map(({ operation }) => operation);
  return { operations, linearized };
}

/** Halves, quarters and so on, down to single ones. */
function* chunks(length: number): Generator<{ from: number; to: number }> {
  for (let size = length; size > 1;) {
    size = Math.ceil(size / 2);
    for (let from = 0; from < length; from += size) yield { from, to: from + size };
  }
}

/** What was known at that time; what had not returned yet may have taken effect or not. */
function endedAt<Input, Output>(
  history: History<Input, Output>,
  time: number,
): Candidate<Input, Output>[] {
  return history.filter(({ call }) => call <= time)
    .sort((a, b) => a.call - b.call)
    .map((operation): Candidate<Input, Output> => {
      if (operation.return <= time && operation.return !== Infinity) {
        return { operation, isOptional: false };
      }
      return { operation: unreturned(operation), isOptional: true };
    });
}

function unreturned<Input, Output>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return { ...operation, return: Infinity };
}
