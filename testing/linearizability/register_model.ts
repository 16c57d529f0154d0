import { resolveLostWrites, UNSEEN, type ValueTraits } from "./lost_writes.ts";
import type { Model, Step } from "./model.ts";
import { splitByKey } from "./split_by_key.ts";

/** What a register holds; null is nothing. */
export type RegisterValue = string | number | null;

/** What is asked of a register. Values that are all different make the check fast. */
export type RegisterInput =
  | { readonly op: "get"; readonly key: string }
  | { readonly op: "put"; readonly key: string; readonly value: RegisterValue }
  | { readonly op: "delete"; readonly key: string }
  /** Writes if the register has that version; null: if it holds nothing. */
  | {
    readonly op: "cas";
    readonly key: string;
    readonly version: number | null;
    readonly value: RegisterValue;
  }
  /** Reads and writes in one step. */
  | { readonly op: "update"; readonly key: string; readonly value: RegisterValue };

/** What a register answers. What is left out is not known, and not checked. */
export interface RegisterOutput {
  /** What it holds (`get`), or held before (`update`). */
  readonly value?: RegisterValue;
  /** The version of what it holds (`get`), or holds now (`put`, `cas`, `update`). */
  readonly version?: number;
  /** Whether there was something to delete, or the version was the one that was expected. */
  readonly ok?: boolean;
}

/** A register's content. */
export interface RegisterState {
  /** What it holds. */
  readonly value: RegisterValue;
  /** Null if nothing is held, undefined if it was never told. */
  readonly version: number | null | undefined;
  /** The highest version that was told. */
  readonly latest: number;
}

const TRAITS: ValueTraits<RegisterInput, RegisterOutput> = {
  written: (input) => "value" in input && input.value !== null ? input.value : undefined,
  seen: ({ op }, { value }) => op === "get" || op === "update" ? value ?? undefined : undefined,
  answer: ({ op }, witness) => ({
    ...(op === "cas" && { ok: true }),
    ...(witness.input.op === "get" && witness.output.version !== undefined &&
      { version: witness.output.version }),
  }),
  unseen: (input) =>
    input.op === "cas" ? { ...input, value: UNSEEN } : { op: "put", key: input.key, value: UNSEEN },
};

/**
 * Registers by key, with versions that only grow: `get`, `put`, `delete`, `cas` by version, and `update`,
 * which reads and writes in one step.
 */
export const registerModel: Model<RegisterState, RegisterInput, RegisterOutput> = {
  name: "register",
  init: () => ({ value: null, version: null, latest: 0 }),
  step: (state, input, output) => {
    switch (input.op) {
      case "get":
        return [holds(state, output?.value) && hasVersion(state, output?.version), state];
      case "put":
        return write(state, input.value, output);
      case "update": {
        const [legal, next] = write(state, input.value, output);
        return [legal && holds(state, output?.value), next];
      }
      case "delete":
        return [
          output?.ok === undefined || output.ok === (state.value !== null),
          { ...state, value: null, version: null },
        ];
      case "cas": {
        const isExpected = hasVersion(state, input.version);
        const { ok = isExpected } = output ?? {};
        if (!ok) return [!isExpected || state.version === undefined, state];
        const [legal, next] = write(state, input.value, output);
        return [legal && isExpected, next];
      }
    }
  },
  partition: (history) => splitByKey(resolveLostWrites(history, TRAITS)),
  isReadOnly: ({ op }, { ok }) => op === "get" || (op === "cas" && ok === false),
  isTooLate: ({ latest }, { op }, { version }) =>
    version !== undefined && (op === "get" ? version < latest : version <= latest),
};

function holds(state: RegisterState, value: RegisterValue | undefined): boolean {
  return value === undefined || state.value === value;
}

/** Whether that may be the version: which it is may be unknown. */
function hasVersion(state: RegisterState, version: number | null | undefined): boolean {
  if (version === undefined) return true;
  if (state.version === undefined) return version !== null && version > state.latest;
  return state.version === version;
}

function write(
  state: RegisterState,
  value: RegisterValue,
  output: RegisterOutput | undefined,
): Step<RegisterState> {
  const version = output?.version;
  const latest = version ?? state.latest;
  return [version === undefined || version > state.latest, { value, version, latest }];
}
