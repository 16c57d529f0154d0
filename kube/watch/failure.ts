import type { ErrorStatus } from "./event_decoder.ts";
import { LineTooLongError } from "./line_splitter.ts";

/** What a failed request or a broken watch means for the next attempt. */
export interface Failure {
  /**
   * `gone`: the version or page token is too old, list again; `unknown`: the server cannot make
   * anything of them, as one that was restored from a backup, list again later; `refused`: asking
   * again soon will not help; `malformed`: what came could not be decoded; `silent`: nothing was heard,
   * which may also mean that nothing happened; `other`: try again.
   */
  readonly kind: "gone" | "unknown" | "refused" | "malformed" | "silent" | "other";
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs?: number;
  /** What was thrown. */
  readonly error: Error;
}

/** Codes that no retry changes: somebody has to change the request, a role or the server. */
const REFUSED = new Set([401, 403, 404, 405, 406]);

/** Thrown when a line or a page cannot be decoded. */
export class MalformedError extends Error {
  /** Makes an error with what the decoder threw as its cause. */
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = "MalformedError";
  }
}

/** Thrown when nothing was heard for too long. */
export class SilenceError extends Error {
  /** Makes an error that says how long the silence was. */
  constructor(message: string) {
    super(message);
    this.name = "SilenceError";
  }
}

/** The server ended a watch with an ERROR event. */
export class WatchStatusError extends Error {
  /** The code of the event's `Status`, such as 410. */
  readonly httpCode: number;
  /** Its reason in one word, such as `Expired`. */
  readonly reason: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs?: number;

  /** Makes the error of a watch of `plural`, such as `pods`. */
  constructor(plural: string, status: ErrorStatus) {
    super(`Cannot watch ${plural}: ${status.message || status.reason} (${status.code})`);
    this.name = "WatchStatusError";
    this.httpCode = status.code;
    this.reason = status.reason;
    this.retryAfterMs = status.retryAfterMs;
  }
}

/** Judges what a request or a stream threw, by its HTTP code if it has one. */
export function failureOf(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof MalformedError || error instanceof LineTooLongError) {
    return { kind: "malformed", error };
  }
  if (error instanceof SilenceError) return { kind: "silent", error };
  const { httpCode, retryAfterMs } = error as { httpCode?: unknown; retryAfterMs?: unknown };
  const wait = typeof retryAfterMs === "number" ? retryAfterMs : undefined;
  if (httpCode === 410) return { kind: "gone", error, retryAfterMs: wait };
  if (httpCode === 400 || isFromTheFuture(error)) {
    return { kind: "unknown", error, retryAfterMs: wait };
  }
  const refused = typeof httpCode === "number" && REFUSED.has(httpCode);
  return { kind: refused ? "refused" : "other", error, retryAfterMs: wait };
}

/** Whether a 504 says that the version is newer than any that the server has. */
function isFromTheFuture(error: Error): boolean {
  const { status } = error as { status?: { details?: { causes?: { reason?: string }[] } } };
  const { causes } = status?.details ?? {};
  return Array.isArray(causes) && causes.some(({ reason }) => reason === "ResourceVersionTooLarge");
}
