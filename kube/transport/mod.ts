/**
 * Requests to a Kubernetes API server: credentials, budget, retries and errors.
 *
 * @module
 */

export {
  ApiError,
  type ApiErrorInit,
  type ApiStatus,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  isUnauthorized,
} from "./api_error.ts";
export { ConnectionError } from "./connection_error.ts";
export { forbiddenMessage } from "./forbidden_message.ts";
export { describeRequest, parseRequest, type RequestInfo, resourceOf } from "./request_info.ts";
export { parseRetryAfter } from "./retry_policy.ts";
export { type Budget, TokenBucket, type TokenBucketOptions } from "./token_bucket.ts";
export { Transport } from "./transport.ts";
export type { SocketRequest, TransportOptions } from "./transport_options.ts";
export type { RequestRecord, TransportStats } from "./transport_stats.ts";
