/** Why a container cannot be started now, though it may be later. */

/** Reasons, waits and messages as the container's status shows them. */
export class BlockedError extends Error {
  /** Always `"BlockedError"`. */
  override readonly name = "BlockedError";
  /** Reason of the waiting state, such as `CreateContainerConfigError`. */
  readonly reason: string;
  /** Reason and message from the second try on, when they differ. */
  readonly again: { readonly reason: string; readonly message: string } | undefined;

  /** `message` is shown in the status and in an event. */
  constructor(reason: string, message: string, again?: { reason: string; message: string }) {
    super(message);
    this.reason = reason;
    this.again = again;
  }
}
