/** The other side sent what is not taken, or more than is taken; its channel ends with that code. */
export class WireError extends Error {
  /** Always `"WireError"`. */
  override readonly name = "WireError";
  /** `limit`: too much; `protocol`: something else than the protocol says. */
  readonly code: "limit" | "protocol";

  /** An error with a message that names the limit or the field. */
  constructor(code: "limit" | "protocol", message: string) {
    super(message);
    this.code = code;
  }
}
