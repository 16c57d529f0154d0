import type { History } from "./operation.ts";

/** Whether an object in one state may answer so, and the state that it is in afterwards. */
export type Step<State> = readonly [legal: boolean, next: State];

/**
 * The sequential specification of a shared object: what it does when it is asked one thing at a time.
 *
 * States are values: `step` changes none, it makes a new one.
 */
export interface Model<State, Input, Output> {
  /** What a report calls the object: `"register"`. */
  readonly name: string;
  /** The state at the beginning. */
  init(): State;
  /**
   * Does one operation. An `output` that is undefined stands for one whose outcome is unknown: any
   * answer is legal then.
   */
  step(state: State, input: Input, output: Output | undefined): Step<State>;
  /** The same for equal states, and for no others. @default the state as JSON */
  key?(state: State): string;
  /**
   * Parts of the history that can be judged one by one, by a name each, since they are about different
   * objects: the whole is linearizable if each part is (Herlihy and Wing's locality).
   *
   * A model may also leave out here what proves nothing, and put in what nobody asked for but what
   * happens: an expiry.
   *
   * @default one part
   */
  partition?(history: History<Input, Output>): Map<string, History<Input, Output>>;
  /**
   * Whether an operation with this answer never changes the state, whatever the state is. Such ones are
   * put in their place without trying others, which makes the check much faster.
   *
   * @default false
   */
  isReadOnly?(input: Input, output: Output): boolean;
  /**
   * Whether an operation with this answer cannot be legal in this state, nor in any that may follow:
   * a counter that only grows has gone past that number. This makes the check much faster.
   *
   * @default false
   */
  isTooLate?(state: State, input: Input, output: Output): boolean;
  /** How a report shows an operation. @default both as JSON */
  describe?(input: Input, output: Output | undefined): string;
}
