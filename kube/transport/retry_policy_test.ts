import { strictEqual } from "node:assert/strict";
import { ApiError } from "./api_error.ts";
import { ConnectionError } from "./connection_error.ts";
import { type FailedAttempt, MAX_BACKOFF_MS, parseRetryAfter, retryDelay } from "./retry_policy.ts";

function api(httpCode: number, retryAfterMs?: number): ApiError {
  return new ApiError("no", { httpCode, retryAfterMs, verb: "get", resource: "pods" });
}

function delayOf(error: unknown, attempt: Partial<FailedAttempt> = {}): number | undefined {
  const base = { method: "GET", stream: false, retries: 0, random: () => 0 };
  return retryDelay({ ...base, error, ...attempt });
}

Deno.test("retryDelay() repeats any verb that the server has not begun to work on", () => {
  for (const method of ["GET", "POST", "PATCH", "DELETE"]) {
    strictEqual(delayOf(api(429, 2000), { method }), 2125);
    strictEqual(delayOf(api(429), { method }), 125);
    strictEqual(delayOf(api(503, 1000), { method }), 1125);
    strictEqual(delayOf(api(429, 1000), { method, stream: true }), 1125);
  }
});

Deno.test("retryDelay() repeats only reads when the server may have begun", () => {
  for (const error of [api(500), api(502), api(503), api(504), new ConnectionError("cut")]) {
    strictEqual(delayOf(error), 125);
    strictEqual(delayOf(error, { method: "POST" }), undefined);
    strictEqual(delayOf(error, { method: "PATCH" }), undefined);
    strictEqual(delayOf(error, { stream: true }), undefined);
  }
});

Deno.test("retryDelay() leaves what will not pass to the caller", () => {
  for (const code of [400, 401, 403, 404, 405, 409, 410, 422]) {
    strictEqual(delayOf(api(code)), undefined);
  }
  strictEqual(delayOf(new ConnectionError("slow", { timedOut: true })), undefined);
  strictEqual(delayOf(new Error("a bug")), undefined);
});

Deno.test("retryDelay() doubles, with jitter, up to a cap", () => {
  const at = (retries: number, random: number) =>
    delayOf(api(500), { retries, random: () => random });
  strictEqual(at(0, 0.5), 187.5);
  strictEqual(at(1, 0), 250);
  strictEqual(at(2, 0.999), 999.5);
  strictEqual(at(50, 0), MAX_BACKOFF_MS / 2);
  strictEqual(delayOf(api(429, 3_600_000)), MAX_BACKOFF_MS);
});

Deno.test("parseRetryAfter() reads seconds and dates", () => {
  strictEqual(parseRetryAfter("3"), 3000);
  strictEqual(parseRetryAfter(null), undefined);
  strictEqual(parseRetryAfter("soon"), undefined);
  const date = "Wed, 21 Oct 2026 07:28:00 GMT";
  strictEqual(parseRetryAfter(date, Date.parse(date) - 5000), 5000);
  strictEqual(parseRetryAfter(date, Date.parse(date) + 5000), 0);
});
