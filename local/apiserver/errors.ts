/** Errors as the API tells them: `Status` objects with the real server's codes, reasons and words. */
import type { KindInfo } from "./kinds.ts";

/** One cause in a Status: which field, and what is wrong. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** The details of a Status. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** A `Status` object of API version v1. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: { continue?: string };
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** A failed request; carries the Status that is sent. */
export class StatusError extends Error {
  /** What the client gets. */
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "StatusError";
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
      code,
    };
  }
}

type ResourceName = Pick<KindInfo, "group" | "plural">;

function qualified(kind: ResourceName): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
}

function detailsOf(kind: ResourceName, name: string): StatusDetails {
  return {
    ...(name ? { name } : {}),
    ...(kind.group ? { group: kind.group } : {}),
    kind: kind.plural,
  };
}

/** 404 for an object. */
export function notFound(kind: ResourceName, name: string): StatusError {
  const message = `${qualified(kind)} "${name}" not found`;
  return new StatusError(404, "NotFound", message, detailsOf(kind, name));
}

/** 404 for a path that serves nothing. */
export function noSuchResource(): StatusError {
  return new StatusError(
    404,
    "NotFound",
    "the server could not find the requested resource",
    {},
  );
}

/** 409 for a create of what is there. */
export function alreadyExists(kind: ResourceName, name: string): StatusError {
  const message = `${qualified(kind)} "${name}" already exists`;
  return new StatusError(409, "AlreadyExists", message, detailsOf(kind, name));
}

/** 409 with any explanation. */
export function conflict(kind: ResourceName, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(kind, name));
}

/** 409 for a stale resourceVersion. */
export function staleVersion(kind: ResourceName, name: string): StatusError {
  return conflict(
    kind,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

/** 409 for the wrong one of two objects of the same name, or a version that is past. */
export function failedPrecondition(
  kind: ResourceName,
  object: { namespace?: string; name: string },
  mismatch: { field: "UID" | "ResourceVersion"; wanted: string; present: string | undefined },
): StatusError {
  const { field, wanted, present } = mismatch;
  const { namespace, name } = object;
  const key = `/registry/${kind.plural}/${namespace ? `${namespace}/` : ""}${name}`;
  return conflict(
    kind,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
      `Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${present}`,
  );
}

/** 403. */
export function forbidden(
  kind: ResourceName,
  name: string,
  why: string,
  causes?: StatusCause[],
): StatusError {
  const message = name
    ? `${qualified(kind)} "${name}" is forbidden: ${why}`
    : `${qualified(kind)} is forbidden: ${why}`;
  const details = detailsOf(kind, name);
  return new StatusError(403, "Forbidden", message, causes ? { ...details, causes } : details);
}

/** 400. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 422 with one cause for each wrong field. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  causes: StatusCause[],
): StatusError {
  const texts = causes.map((cause) =>
    cause.field ? `${cause.field}: ${cause.message ?? ""}` : cause.message ?? ""
  );
  const unique = [...new Set(texts)];
  const what = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  const list = unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`;
  return new StatusError(422, "Invalid", `${what} "${name}" is invalid: ${list}`, {
    ...(name ? { name } : {}),
    ...(kind.group ? { group: kind.group } : {}),
    ...(kind.kind ? { kind: kind.kind } : {}),
    causes,
  });
}

/** 503 for what could not be had from elsewhere. */
export function unreachable(error: unknown): StatusError {
  return new StatusError(
    503,
    "ServiceUnavailable",
    `error trying to reach service: ${dialError(error)}`,
  );
}

/** 500 for a socket that could not be had from elsewhere; the real one gives no reason. */
export function dialFailed(error: unknown): StatusError {
  return new StatusError(500, "", `error dialing backend: ${dialError(error)}`);
}

/** In Go's words, which clients look for. */
function dialError(error: unknown): string {
  const { code, address, port, message } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code !== "ECONNREFUSED") return message;
  return `dial tcp ${address}:${port}: connect: connection refused`;
}

/** 422 for a patch whose outcome is no object of the kind; without kind and name, as the real one. */
export function invalidPatch(value: string, why: string): StatusError {
  return invalid({ group: "", kind: "" }, "", [{
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    field: "patch",
  }]);
}

/** 422 for a patch that cannot be applied; the real server keeps to itself why. */
export function patchDoesNotApply(): StatusError {
  return new StatusError(
    422,
    "Invalid",
    "the server rejected our request due to an error in our request",
    {},
  );
}

/** 410. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

/** 406. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError(
    406,
    "NotAcceptable",
    `only the following media types are accepted: ${accepted.join(", ")}`,
  );
}

/** 415. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${
      accepted.join(", ")
    }`,
  );
}

/** 413. */
export function tooLarge(limit: number): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${limit}`,
  );
}

/** 504 for a resourceVersion that is not reached yet. */
export function versionTooLarge(asked: number, current: number): StatusError {
  return new StatusError(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}

/** A Status that tells of success. */
export function success(code: number, details?: StatusDetails): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    ...(details ? { details } : {}),
    ...(code === 200 ? {} : { code }),
  };
}
