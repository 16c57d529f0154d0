/** Why a lock was not acquired: this object holds it, or waits for it, and would wait for itself. */
export class ReentrancyError extends Error {
  /** Always `"ReentrancyError"`. */
  override readonly name = "ReentrancyError";
}
