import { ApiError } from "../../kube/mod.ts";

/**
 * An error in a few words: its class, and of an answer of the API server also code and reason.
 * Never its message, which may quote what was given, such as a password in a URL.
 */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `ApiError ${error.httpCode} ${error.reason}`;
  return error instanceof Error ? error.name : typeof error;
}
