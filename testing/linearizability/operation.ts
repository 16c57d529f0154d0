/** What a client asked of a shared object, and what it was told. */
export interface Operation<Input = unknown, Output = unknown> {
  /** Who asked. A client that does one thing after another is easiest to read. */
  readonly client: string;
  /** When it was asked, in milliseconds of a monotonic clock that all clients share. */
  readonly call: number;
  /**
   * When the answer was there, by the same clock. Infinity if the outcome is unknown: the answer was
   * lost, or who asked has died. The operation may then have taken effect at any time after its call,
   * or never.
   */
  readonly return: number;
  /** What was asked. */
  readonly input: Input;
  /** What was answered; undefined while the outcome is unknown. */
  readonly output: Output | undefined;
}

/** Operations of any number of clients, in any order. */
export type History<Input = unknown, Output = unknown> = readonly Operation<Input, Output>[];

/** Whether it is not known whether the operation has taken effect. */
export function isOutcomeUnknown(operation: Operation): boolean {
  return operation.return === Infinity;
}
