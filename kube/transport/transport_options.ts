import type { SocketLimits } from "../../websocket/mod.ts";
import type { Budget } from "./token_bucket.ts";
import type { RequestRecord } from "./transport_stats.ts";

/** Options of {@linkcode Transport}. */
export interface TransportOptions {
  /**
   * Milliseconds for a request, or for the headers of a stream, whose body is never timed out.
   * Waiting for the budget and for an exec plugin does not count.
   * @default 30_000
   */
  requestTimeout?: number;
  /** Of all requests, retries included. @default { perSecond: 20, burst: 40 } */
  budget?: Budget;
  /** How the server is told who asks. @default troupe/<version> */
  userAgent?: string;
  /** Hears of each request; must not throw. */
  onRequest?: (record: RequestRecord) => void;
  /** How often one call is sent again. @default 3 */
  maxRetries?: number;
  /** Source of jitter, in [0, 1). @default Math.random */
  random?: () => number;
}

/** kube-apiserver gives up a request after 60 s; who waits half of that will not be answered well. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Between client-go's defaults for a client (5 and 10) and for controllers (20 and 30), and enough for a scale-up. */
export const BUDGET: Budget = { perSecond: 20, burst: 40 };

export const MAX_RETRIES = 3;

/** A WebSocket that is asked for. */
export interface SocketRequest extends Readonly<SocketLimits> {
  /** Path, without the query. */
  readonly path: string;
  /** The query. */
  readonly querystring?: URLSearchParams;
  /** Subprotocols, the preferred one first; the server must take one of them, if there are any. */
  readonly protocols: readonly string[];
  /** Headers besides the transport's own. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives up, or ends the open socket at once. */
  readonly abortSignal?: AbortSignal;
}
