/** A patch that cannot be applied. */
export class PatchError extends Error {
  /**
   * HTTP status: 400 for a patch that is no patch, 422 for one that does not fit the object, and,
   * as the real API server has it, 500 for a strategic merge patch that contradicts itself or an
   * applied configuration that does not fit the kind.
   */
  readonly code: 400 | 422 | 500;
  /** The reason that belongs to `code`; 500 has none. */
  readonly reason: "BadRequest" | "Invalid" | "";

  /** An error with a status code. */
  constructor(code: 400 | 422 | 500, message: string) {
    super(message);
    this.name = "PatchError";
    this.code = code;
    this.reason = code === 400 ? "BadRequest" : code === 422 ? "Invalid" : "";
  }
}
