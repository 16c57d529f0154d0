import { ApiError } from "../../kube/mod.ts";

/** Whether something was refused as its namespace is being deleted: there is nothing to do. */
export function isNamespaceEnding(error: unknown): boolean {
  return error instanceof ApiError &&
    (error.status?.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}
