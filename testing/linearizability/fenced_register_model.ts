import { resolveLostWrites, UNSEEN, type ValueTraits } from "./lost_writes.ts";
import type { Model } from "./model.ts";
import type { RegisterValue } from "./register_model.ts";
import { splitByKey } from "./split_by_key.ts";

/** What is asked of a register whose writers show fencing tokens. */
export type FencedRegisterInput =
  | { readonly op: "get"; readonly key: string }
  | {
    readonly op: "put";
    readonly key: string;
    readonly value: RegisterValue;
    readonly token: number;
  };

/** What it answers. */
export interface FencedRegisterOutput {
  /** What it holds (`get`). */
  readonly value?: RegisterValue;
  /** Whether the write was accepted (`put`). */
  readonly accepted?: boolean;
}

/** Its content. */
export interface FencedRegisterState {
  /** What it holds. */
  readonly value: RegisterValue;
  /** The highest token of an accepted write. */
  readonly fence: number;
}

const TRAITS: ValueTraits<FencedRegisterInput, FencedRegisterOutput> = {
  written: (input) => input.op === "put" && input.value !== null ? input.value : undefined,
  seen: ({ op }, { value }) => op === "get" ? value ?? undefined : undefined,
  answer: () => ({ accepted: true }),
  unseen: (input) => ({ ...input, value: UNSEEN }),
};

/**
 * Registers by key that refuse a write with a token that is lower than the highest one of a write that
 * they have accepted, and no other.
 */
export const fencedRegisterModel: Model<
  FencedRegisterState,
  FencedRegisterInput,
  FencedRegisterOutput
> = {
  name: "fenced register",
  init: () => ({ value: null, fence: -Infinity }),
  step: (state, input, output) => {
    if (input.op === "get") {
      return [output?.value === undefined || output.value === state.value, state];
    }
    const isAcceptable = input.token >= state.fence;
    const { accepted = isAcceptable } = output ?? {};
    return [
      accepted === isAcceptable,
      accepted ? { value: input.value, fence: input.token } : state,
    ];
  },
  key: ({ value, fence }) => `${fence} ${JSON.stringify(value)}`,
  partition: (history) => splitByKey(resolveLostWrites(history, TRAITS)),
  isReadOnly: ({ op }, { accepted }) => op === "get" || accepted === false,
  isTooLate: ({ fence }, input, { accepted }) =>
    input.op === "put" && accepted === true && input.token < fence,
};
