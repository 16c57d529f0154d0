/** A program cannot be started; the message says why. */
export class StartError extends Error {
  /** Always `"StartError"`. */
  override readonly name = "StartError";
}
