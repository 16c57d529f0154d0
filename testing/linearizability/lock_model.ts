import type { Model } from "./model.ts";
import { type History, isOutcomeUnknown, type Operation } from "./operation.ts";
import { splitByKey } from "./split_by_key.ts";

/** What is asked of a lock with fencing tokens. */
export type LockInput =
  | { readonly op: "acquire"; readonly key: string }
  /** Who holds asks whether it still does. */
  | { readonly op: "check"; readonly key: string; readonly token: number }
  | { readonly op: "release"; readonly key: string; readonly token: number }
  /** A hold ends by itself. Nobody asks for that: the model puts it in where it may have happened. */
  | { readonly op: "expire"; readonly key: string; readonly token: number };

/** What a lock answers. */
export interface LockOutput {
  /** The hold's token (`acquire`); left out if there is no hold. */
  readonly token?: number;
  /** Whether the hold was still there (`check`), and until the lock was released (`release`). */
  readonly held?: boolean;
}

/** Who holds a lock. */
export interface LockState {
  /** The hold's token; undefined if the lock is free. */
  readonly holder: number | undefined;
  /** The highest token so far. */
  readonly latest: number;
}

/**
 * Locks by key. One at most holds a lock at any time, tokens only grow, and who is told that it still holds
 * the lock does so.
 *
 * A hold that was released in time lasted until then. Any other may have expired, once. What tells nothing
 * is left out: acquisitions that failed or whose answers were lost, and checks of holds that are over (a
 * holder may believe too early that it has lost).
 */
export const lockModel: Model<LockState, LockInput, LockOutput> = {
  name: "lock",
  init: () => ({ holder: undefined, latest: -Infinity }),
  step: (state, input, output) => {
    if (input.op === "acquire") {
      const token = output?.token ?? state.latest + 1;
      const isLegal = state.holder === undefined && token > state.latest;
      return [isLegal, { holder: token, latest: token }];
    }
    const isHolder = state.holder === input.token;
    return [isHolder, input.op === "check" ? state : { ...state, holder: undefined }];
  },
  key: ({ holder, latest }) => `${holder} ${latest}`,
  partition: (history) => splitByKey(withExpiries(history)),
  isReadOnly: ({ op }) => op === "check",
  isTooLate: ({ holder, latest }, input, output) => {
    if (input.op === "acquire") return output.token !== undefined && output.token <= latest;
    return input.token < latest || (input.token === latest && holder === undefined);
  },
  describe: (input, output) => {
    const token = input.op === "acquire" ? output?.token : input.token;
    return `${input.op} ${token}${input.op === "check" ? ": still held" : ""}`;
  },
};

type LockOperation = Operation<LockInput, LockOutput>;

function withExpiries(history: History<LockInput, LockOutput>): LockOperation[] {
  const telling = history.filter(tells);
  const released = new Set(
    telling.flatMap(({ input }) => input.op === "release" ? [holdOf(input)] : []),
  );
  const expiries = telling.flatMap(({ client, call, input, output }): LockOperation[] => {
    if (input.op !== "acquire" || output?.token === undefined) return [];
    const { key } = input;
    const { token } = output;
    if (released.has(holdOf({ key, token }))) return [];
    const expire = { op: "expire", key, token } as const;
    return [{ client, call, return: Infinity, input: expire, output: undefined }];
  });
  return [...telling, ...expiries];
}

function tells(operation: LockOperation): boolean {
  if (isOutcomeUnknown(operation)) return false;
  const { input, output } = operation;
  return input.op === "acquire" ? output?.token !== undefined : output?.held === true;
}

function holdOf({ key, token }: { key: string; token: number }): string {
  return `${token} ${key}`;
}
