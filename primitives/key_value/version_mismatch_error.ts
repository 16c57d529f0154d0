/** Why a write on condition was refused: the key has another version. */
export class VersionMismatchError extends Error {
  /** Always `"VersionMismatchError"`. */
  override readonly name = "VersionMismatchError";
  /** Which key. */
  readonly key: string;
  /** Its version, 0 if it is not there. */
  readonly version: number;

  /** An error with this text. */
  constructor(message: string, { key, version }: { key: string; version: number }) {
    super(message);
    this.key = key;
    this.version = version;
  }
}
