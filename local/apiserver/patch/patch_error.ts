/** A patch that cannot be applied. */
export class PatchError extends Error {
  /** HTTP status: 400 for a patch that is no patch, 422 for one that does not fit the object. */
  readonly code: 400 | 422;
  /** The reason that belongs to `code`. */
  readonly reason: "BadRequest" | "Invalid";

  constructor(code: 400 | 422, message: string) {
    super(message);
    this.name = "PatchError";
    this.code = code;
    this.reason = code === 400 ? "BadRequest" : "Invalid";
  }
}
