/** Query parameters of reads and writes, checked. */
import type { WriteOptions } from "./backend.ts";
import { badRequest, invalid, type StatusCause } from "./errors.ts";

const META = { group: "meta.k8s.io" };
const MAX_MANAGER_LENGTH = 128;

/** Reads dryRun, fieldManager and fieldValidation. */
export function writeOptions(
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions",
  query: URLSearchParams,
  headers: Headers,
): WriteOptions {
  const causes: StatusCause[] = [];
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  for (const value of dryRun) {
    if (value !== "All") {
      causes.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
        field: "dryRun",
      });
    }
  }
  const manager = query.get("fieldManager") ?? "";
  if (manager.length > MAX_MANAGER_LENGTH) {
    causes.push({
      reason: "FieldValueTooLong",
      message: `Too long: may not be more than ${MAX_MANAGER_LENGTH} bytes`,
      field: "fieldManager",
    });
  }
  const validation = query.get("fieldValidation") || "Warn";
  if (validation !== "Strict" && validation !== "Warn" && validation !== "Ignore") {
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${
        JSON.stringify(validation)
      }: supported values: "", "Ignore", "Strict", "Warn"`,
      field: "fieldValidation",
    });
  }
  if (causes.length > 0) throw invalid({ ...META, kind }, "", causes);
  const agent = (headers.get("user-agent") ?? "").split("/")[0] ?? "";
  return {
    dryRun: dryRun.length > 0,
    manager: manager || agent.slice(0, MAX_MANAGER_LENGTH) || "unknown",
    fieldValidation: validation as WriteOptions["fieldValidation"],
    warnings: [],
  };
}

/** How a list or watch wants to read. */
export interface ReadOptions {
  readonly limit: number;
  readonly continueToken: string;
  /** undefined when none is asked for. */
  readonly resourceVersion: number | undefined;
  readonly match: "" | "Exact" | "NotOlderThan";
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** Seconds; 0 when not given. */
  readonly timeoutSeconds: number;
}

/** Reads and checks the parameters of a list or watch. */
export function readOptions(query: URLSearchParams, watch: boolean): ReadOptions {
  const versionText = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const continueToken = query.get("continue") ?? "";
  const sendInitialEvents = optionalBoolean(query, "sendInitialEvents");
  const causes: StatusCause[] = [];
  const forbid = (field: string, why: string) =>
    causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });
  if (watch && match && sendInitialEvents === undefined) {
    forbid(
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  }
  if (sendInitialEvents !== undefined) {
    if (!watch) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
    else if (match !== "NotOlderThan") {
      forbid(
        "resourceVersionMatch",
        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
      );
    }
  } else if (match && !watch) {
    if (match !== "Exact" && match !== "NotOlderThan") {
      causes.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${
          JSON.stringify(match)
        }: supported values: "Exact", "NotOlderThan", ""`,
        field: "resourceVersionMatch",
      });
    } else if (!versionText) {
      forbid(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden unless resourceVersion is provided",
      );
    } else if (continueToken) {
      forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
    } else if (match === "Exact" && versionText === "0") {
      forbid(
        "resourceVersionMatch",
        'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"',
      );
    }
  }
  if (causes.length > 0) throw invalid({ ...META, kind: "ListOptions" }, "", causes);
  if (continueToken && versionText && versionText !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  return {
    limit: integer(query, "limit"),
    continueToken,
    resourceVersion: versionText === "" ? undefined : parseVersion(versionText),
    match: match as ReadOptions["match"],
    bookmarks: optionalBoolean(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents,
    timeoutSeconds: integer(query, "timeoutSeconds"),
  };
}

/** Reads a resourceVersion. */
export function parseVersion(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}

/** Reads a boolean parameter as the API does: "1", "true", present but empty → true. */
export function optionalBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text !== "0" && text.toLowerCase() !== "false";
}

function integer(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (!text) return 0;
  if (!/^-?\d{1,15}$/.test(text)) {
    throw badRequest(
      `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Math.max(0, Number(text));
}
