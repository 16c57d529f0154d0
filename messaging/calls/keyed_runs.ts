import { BoundedMemory } from "./bounded_memory.ts";
import { type Outcome, outcomeBytes, type Run } from "./run.ts";

/** Outcomes that are kept, of all sessions; of more, the oldest are forgotten. */
const OUTCOMES = { count: 10_000, bytes: 16 * 2 ** 20 };

/** Keys by which calls are asked again: what runs for each, or what came of it. Of a run without a key it knows nothing. */
export class KeyedRuns {
  readonly #running = new Map<string, Run>();
  readonly #outcomes = new BoundedMemory<string, Outcome>(OUTCOMES);

  /** What came of the call with that key. */
  outcome(key: string | undefined): Outcome | undefined {
    return key === undefined ? undefined : this.#outcomes.get(key);
  }

  /** What runs for that key, or waits for its turn. */
  running(key: string | undefined): Run | undefined {
    return key === undefined ? undefined : this.#running.get(key);
  }

  /** From now on it is what runs for its key. */
  add(run: Run): void {
    if (run.key !== undefined) this.#running.set(run.key, run);
  }

  /** Nobody can join it any more, and its key may be run again. */
  remove(run: Run): void {
    if (run.key !== undefined) this.#running.delete(run.key);
  }

  /** It has ended by that outcome, and its key is not run again while this is remembered. */
  settle(run: Run, outcome: Outcome): void {
    if (run.key === undefined) return;
    this.#running.delete(run.key);
    this.#outcomes.set(run.key, outcome, 200 + outcomeBytes(outcome));
  }
}
