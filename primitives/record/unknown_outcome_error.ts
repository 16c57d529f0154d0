/** Why it is not known whether an update took effect. */
export class UnknownOutcomeError extends Error {
  /** Always `"UnknownOutcomeError"`. */
  override readonly name = "UnknownOutcomeError";
}
