import type { TransportStats } from "../../kube/mod.ts";
import type { WatchHealth } from "./watch_health.ts";

/** What waits for the handlers of one kind. */
export interface QueueDepth {
  /** Kind of the objects: `Pod`. */
  readonly kind: string;
  /** Changes that wait. */
  readonly depth: number;
  /** Objects that are being handled. */
  readonly running: number;
}

/** What {@linkcode CoordinatorMetrics} reads when it is asked. */
export interface MetricsSource {
  /** All reflectors. */
  watches(): Iterable<WatchHealth>;
  /** All dispatchers; those of one kind are added up. */
  queues(): Iterable<QueueDepth>;
  /** Whether it leads, and the fencing token of the term, if it has one. */
  leadership(): { readonly leading: boolean; readonly token?: number | bigint };
  /** What was sent to the API server. */
  transport(): Pick<TransportStats, "retries" | "throttledMs">;
  /** How full the flight recorder is. */
  recorder(): { readonly size: number; readonly bytes: number; readonly lastId: number };
}
