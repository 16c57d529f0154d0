/** Why a wait has no meaning any more: somebody has deleted the ConfigMap in which others had left what it was for. */
export class RecordDeletedError extends Error {
  /** Always `"RecordDeletedError"`. */
  override readonly name = "RecordDeletedError";

  /** An error of what cannot be done, such as `wait for latch "loaded"`. */
  constructor(doing: string, object: string) {
    super(
      `Cannot ${doing}: ConfigMap "${object}" was deleted meanwhile, and with it what others had done`,
    );
  }
}
