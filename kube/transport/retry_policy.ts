/** Which failures the transport repeats by itself, and when. */
import { ApiError } from "./api_error.ts";
import { ConnectionError } from "./connection_error.ts";

/** The first wait; it doubles with each retry. */
export const FIRST_BACKOFF_MS = 250;

/** No wait is longer, whatever `Retry-After` asks for; kube-apiserver asks for 1 s. */
export const MAX_BACKOFF_MS = 30_000;

/** What is known of a failed attempt. */
export interface FailedAttempt {
  readonly error: unknown;
  /** HTTP method. */
  readonly method: string;
  /** Whether the answer is a stream: who watches has a back-off of its own. */
  readonly stream: boolean;
  /** Retries made before. */
  readonly retries: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Milliseconds until the next attempt, or undefined if the failure is the caller's. Where the
 * server has not begun to work on a request (429, 503 with `Retry-After`) any verb is repeated;
 * where it may have, only what changes nothing.
 */
export function retryDelay(attempt: FailedAttempt): number | undefined {
  const { error } = attempt;
  const reads = (attempt.method === "GET" || attempt.method === "HEAD") && !attempt.stream;
  const wait = jitteredBackoff(attempt.retries, attempt.random);
  if (error instanceof ApiError) {
    const { httpCode, retryAfterMs } = error;
    if (httpCode === 429 || (httpCode === 503 && retryAfterMs !== undefined)) {
      return Math.min(Math.max(retryAfterMs ?? 0, 0) + wait, MAX_BACKOFF_MS);
    }
    return reads && [500, 502, 503, 504].includes(httpCode) ? wait : undefined;
  }
  // a time-out has cost the caller enough
  return reads && error instanceof ConnectionError && !error.timedOut ? wait : undefined;
}

/** Between half of the doubling time and all of it, so that many clients do not come together. */
export function jitteredBackoff(retries: number, random: () => number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** retries, MAX_BACKOFF_MS) * (0.5 + random() / 2);
}

/** Reads a `Retry-After` header, seconds or a date, in milliseconds. */
export function parseRetryAfter(
  value: string | null,
  now: number = Date.now(),
): number | undefined {
  if (!value) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
