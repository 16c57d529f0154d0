import type { Model } from "./model.ts";
import { splitByKey } from "./split_by_key.ts";

/** What is asked of a counter; what is added is not below 0. */
export type CounterInput =
  | { readonly op: "add"; readonly key: string; readonly by: number }
  | { readonly op: "get"; readonly key: string };

/** What a counter answers. */
export interface CounterOutput {
  /** Its value: with what was added. */
  readonly value: number;
}

/** Counters by key, which begin at 0 and only grow. */
export const counterModel: Model<number, CounterInput, CounterOutput> = {
  name: "counter",
  init: () => 0,
  step: (value, input, output) => {
    const next = input.op === "add" ? value + input.by : value;
    return [output === undefined || output.value === next, next];
  },
  key: String,
  partition: splitByKey,
  isReadOnly: ({ op }) => op === "get",
  isTooLate: (value, input, output) =>
    output.value < (input.op === "add" ? value + input.by : value),
};
