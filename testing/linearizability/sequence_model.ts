import type { Model } from "./model.ts";
import { splitByKey } from "./split_by_key.ts";

/** What is asked of a sequence: its next number. */
export interface SequenceInput {
  /** There is nothing else to be asked. */
  readonly op: "next";
  /** Which sequence. */
  readonly key: string;
}

/** What a sequence answers. */
export interface SequenceOutput {
  /** The number. */
  readonly value: number;
}

/**
 * Sequences by key: each number is greater than all that were handed out before it was asked for, so
 * that none is handed out twice. Numbers may be left out.
 */
export const sequenceModel: Model<number, SequenceInput, SequenceOutput> = {
  name: "sequence",
  init: () => -Infinity,
  step: (last, _, output) =>
    output === undefined ? [true, last] : [output.value > last, output.value],
  key: String,
  partition: splitByKey,
  isTooLate: (last, _, { value }) => value <= last,
};
