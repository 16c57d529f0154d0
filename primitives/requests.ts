import type { JSONValue, RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { ApiError, ConnectionError } from "../kube/mod.ts";
import type { Clock } from "./clock.ts";

/** What a request is bounded by. */
export interface BoundedRequestOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  /** Milliseconds for it, with the client's retries and its wait for the budget. */
  readonly requestTimeout: number;
  /** What it does, for messages: `read Lease "shop/biller"`. */
  readonly doing: string;
  /** Rejects with its reason when it aborts. */
  readonly signal: AbortSignal;
}

/** Sends a request that ends in time, whatever the server does, also if the client heeds no signal. */
export async function boundedRequest(
  request: RequestOptions & { expectJson: true },
  { client, clock, requestTimeout, doing, signal }: BoundedRequestOptions,
): Promise<JSONValue> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const controller = new AbortController();
  const abort = (reason: unknown) => {
    controller.abort(reason);
    aborted.reject(reason);
  };
  const onAbort = () => abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.timer(requestTimeout, () =>
    abort(
      new ConnectionError(`Cannot ${doing}: no answer within ${requestTimeout} ms`, {
        timedOut: true,
      }),
    ));
  try {
    const sent = client.performRequest({ ...request, abortSignal: controller.signal });
    return await Promise.race([sent, aborted.promise]);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

/** The HTTP code of an error, of whatever client it is: all of them have it under this name. */
export function httpCodeOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as { httpCode?: number }).httpCode : undefined;
}

/**
 * Whether a request that failed may have been carried out all the same: its answer was lost, or the server
 * says that it does not know.
 */
export function isUncertain(error: unknown): boolean {
  const code = httpCodeOf(error);
  return code === undefined || code >= 500;
}

/** Whether it may succeed when it is sent again: it failed on its way, or the server is in trouble. */
export function isPassing(error: unknown): boolean {
  return isUncertain(error) || httpCodeOf(error) === 429 || httpCodeOf(error) === 401;
}

/** Whether an error is of a request that failed: then its message says all, and where it came from nothing. */
export function isOfRequest(error: Error): boolean {
  return error instanceof ApiError || error instanceof ConnectionError;
}
