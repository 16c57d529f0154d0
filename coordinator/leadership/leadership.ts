import type { Mandate } from "./mandate.ts";

/** What becomes of a coordinator's leadership. */
export type LeadershipChange =
  | { readonly type: "leading"; readonly mandate: Mandate }
  | { readonly type: "following"; readonly leader: string | undefined }
  | { readonly type: "lost"; readonly mandate: Mandate; readonly reason: Error };

/**
 * How a coordinator comes by its mandates. Two implementations: `SoloLeadership`, for a coordinator
 * that is alone, and `ElectedLeadership`, for one of several replicas.
 */
export interface Leadership {
  /** The present mandate, while it leads. */
  readonly mandate: Mandate | undefined;
  /** Who leads, if it is another one and known. */
  readonly leader: string | undefined;
  /** Whether it has begun. */
  readonly started: boolean;
  /** Calls `listener` with each change, synchronously and in order. */
  onChange(listener: (change: LeadershipChange) => void): void;
  /** Hears failures of requests; it goes on trying. */
  onError(listener: (error: Error) => void): void;
  /** Begins to stand for election; may be called again. */
  start(): void;
  /** Gives the leadership back, for the next one to take at once. */
  close(): Promise<void>;
}
