import type { Inputs } from "../../messaging/mod.ts";
import { DoneSet } from "./done_set.ts";

/**
 * Inputs that are not done, in their order. `note` hears which index the nth of them has.
 *
 * @param done what was done before; what is added to it meanwhile makes no difference
 */
export async function* remaining(
  inputs: readonly unknown[] | ((from: number) => Inputs<unknown>),
  done: DoneSet,
  note: (nth: number, index: number) => void,
): AsyncGenerator<unknown> {
  const before = new DoneSet(done.ranges);
  let index = before.next;
  let nth = 0;
  const rest = typeof inputs === "function" ? inputs(index) : from(inputs, index);
  for await (const input of rest) {
    const at = index++;
    if (before.has(at)) continue;
    note(nth++, at);
    yield input;
  }
}

function* from(inputs: readonly unknown[], index: number): Generator<unknown> {
  for (let n = index; n < inputs.length; n++) yield inputs[n];
}
