import { explainConflict } from "./explain.ts";
import type { Model } from "./model.ts";
import { type History, isOutcomeUnknown } from "./operation.ts";
import { type Candidate, searchLinearization } from "./search.ts";
import { shrinkConflict } from "./shrink.ts";

/** Milliseconds that a check may take by default. */
const DEFAULT_TIMEOUT = 60_000;

/** Milliseconds that are spent on making a conflict small, beyond the timeout. */
const SHRINK_TIME = 2_000;

/** Options of {@linkcode checkLinearizable}. */
export interface CheckOptions {
  /** Milliseconds after which the check gives up. @default 60,000 */
  timeout?: number;
}

/** What {@linkcode checkLinearizable} found. */
export type Linearizability<Input = unknown, Output = unknown> =
  | { readonly verdict: "ok" }
  | IllegalHistory<Input, Output>
  | {
    readonly verdict: "unknown";
    /** The parts for which the time was not enough; no other one is illegal. */
    readonly parts: readonly string[];
  };

/** A history that no order of its operations explains. */
export interface IllegalHistory<Input = unknown, Output = unknown> {
  /** It cannot be. */
  readonly verdict: "illegal";
  /** The part of the history in which it shows, as the model names it: a key. */
  readonly part: string;
  /** The longest order of operations that was found, up to the conflict. */
  readonly linearized: History<Input, Output>;
  /** Few operations of which one at least is wrong, whatever all others have done. */
  readonly conflict: History<Input, Output>;
  /** A timeline of the conflict, and the state before it, for people. */
  readonly explanation: string;
}

/**
 * Whether concurrent operations on shared objects can be put in one order, each between its call and
 * its return, in which the model gives the same answers.
 *
 * The check of one part takes time that is linear as a rule, and exponential at worst (the problem is
 * NP-complete): in the number of operations at the same time, and of lost ones whose effect shows. A
 * history of 10,000 operations takes some hundred milliseconds.
 *
 * @example
 * ```ts
 * import { checkLinearizable, counterModel } from "@troupe/troupe/testing";
 *
 * const both = { call: 0, return: 10, input: { op: "add", key: "hits", by: 1 } } as const;
 * const result = checkLinearizable(counterModel, [
 *   { client: "a", ...both, output: { value: 1 } },
 *   { client: "b", ...both, output: { value: 1 } }, // an update was lost
 * ]);
 * if (result.verdict !== "illegal") throw new Error("Cannot be: both have added");
 * console.log(result.explanation);
 * ```
 */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  options: CheckOptions = {},
): Linearizability<Input, Output> {
  const { timeout = DEFAULT_TIMEOUT } = options;
  if (!(timeout > 0)) {
    throw new RangeError(`Cannot check a history: "timeout" is ${timeout}, not above 0`);
  }
  assertTimes(history);
  const deadline = performance.now() + timeout;
  const parts = model.partition?.(history) ?? new Map([["", history]]);
  const unknown: string[] = [];
  for (const [part, operations] of parts) {
    const candidates = operations.map((operation): Candidate<Input, Output> => ({
      operation,
      isOptional: isOutcomeUnknown(operation),
    }));
    const { found, order } = searchLinearization(model, candidates, deadline);
    if (found === undefined) unknown.push(part);
    if (found === false) return illegal(model, part, { history: operations, order });
  }
  return unknown.length === 0 ? { verdict: "ok" } : { verdict: "unknown", parts: unknown };
}

function illegal<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: string,
  failed: { history: History<Input, Output>; order: readonly number[] },
): IllegalHistory<Input, Output> {
  const conflict = shrinkConflict(model, failed, performance.now() + SHRINK_TIME);
  return {
    verdict: "illegal",
    part,
    linearized: conflict.linearized,
    conflict: conflict.operations,
    explanation: explainConflict(model, part, failed.history, conflict),
  };
}

function assertTimes(history: History): void {
  for (const { client, call, return: end } of history) {
    if (Number.isFinite(call) && end >= call) continue;
    throw new RangeError(
      `Cannot check a history: an operation of "${client}" was called at ${call} and returned at ${end}`,
    );
  }
}
