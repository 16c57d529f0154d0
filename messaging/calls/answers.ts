import { BoundedMemory } from "./bounded_memory.ts";
import { failureOf } from "./failures.ts";
import { type IncomingCall, itemFrame, type Outcome, outcomeBytes, outcomeFrame } from "./run.ts";

/** Outcomes that were not seen, of all sessions; of more, the oldest are forgotten. */
const OUTCOMES = { count: 10_000, bytes: 16 * 2 ** 20 };

/** Answers calls, and keeps the answers until the callers have seen them, in case their channels break. */
export class Answers {
  readonly #kept = new BoundedMemory<IncomingCall, undefined>(
    OUTCOMES,
    (call) => call.session.calls.delete(call.id),
  );

  /** The call has come to that outcome. */
  give(call: IncomingCall, outcome: Outcome): void {
    call.deadline?.clear();
    call.run = undefined;
    call.outcome = outcomeFrame(call.id, outcome);
    this.#send(call);
    this.#kept.set(call, undefined, 200 + outcomeBytes(outcome) + (call.stream?.keptBytes ?? 0));
  }

  /**
   * Sends again what the caller lacks, of which it has had so many items.
   *
   * @throws {RangeError} when an item is longer than the caller takes
   */
  giveAgain(call: IncomingCall, items: number): void {
    const { session, id, stream } = call;
    stream?.resume(items);
    for (const { n, item } of stream?.kept ?? []) session.answer(itemFrame(id, n, item));
    this.#send(call);
  }

  /** The caller has seen the answer, or wants none. */
  forget(call: IncomingCall): void {
    call.deadline?.clear();
    call.session.calls.delete(call.id);
    this.#kept.delete(call);
  }

  #send(call: IncomingCall): void {
    if (call.outcome === undefined) return;
    try {
      call.session.answer(call.outcome);
    } catch (e) { // it is longer than the caller takes
      call.outcome = outcomeFrame(call.id, failureOf(e, "", ""));
      call.session.answer(call.outcome);
    }
  }
}
