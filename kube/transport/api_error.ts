import { forbiddenMessage, refusedRequest } from "./forbidden_message.ts";
import { describeRequest, type RequestInfo, resourceOf } from "./request_info.ts";

/** What a Kubernetes API server says about a failed request, as far as it is used. */
export interface ApiStatus {
  /** `Status`. */
  readonly kind?: string;
  /** For people. */
  readonly message?: string;
  /** For programs: `NotFound`, `Conflict`, … */
  readonly reason?: string;
  /** HTTP status code. */
  readonly code?: number;
  /** What it is about. */
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

/** Fields of an {@linkcode ApiError}. */
export interface ApiErrorInit {
  /** HTTP status code. */
  httpCode: number;
  /** One word that says why. @default by the code, as `"NotFound"` */
  reason?: string;
  /** The body, if it was a Status. */
  status?: ApiStatus;
  /** The body, if it was none. */
  body?: string;
  /** The verb that RBAC knows. */
  verb: string;
  /** Plural name, with the subresource if there is one. */
  resource: string;
  /** The object's name, if the request named one. */
  name?: string;
  /** The namespace of the request, if it had one. */
  namespace?: string;
  /** What the server asked to wait, in milliseconds. */
  retryAfterMs?: number;
}

/** The API server answered, and not with success. */
export class ApiError extends Error {
  /** Always `"ApiError"`; the object's name is `objectName`. */
  override readonly name = "ApiError";
  /** HTTP status code. */
  readonly httpCode: number;
  /** Machine-readable: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `Forbidden`, … */
  readonly reason: string;
  /** The body, if it was a Status. */
  readonly status?: ApiStatus;
  /** The body, if it was none: of what is behind the API server, or between. */
  readonly body?: string;
  /** The verb that RBAC knows: `list`, `create`, … */
  readonly verb: string;
  /** Plural name, with the subresource if there is one: `pods`, `pods/log`. */
  readonly resource: string;
  /** The object's name, if the request named one. */
  readonly objectName?: string;
  /** The namespace of the request, if it had one. */
  readonly namespace?: string;
  /** What the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;

  /** An error with this text. */
  constructor(message: string, init: ApiErrorInit) {
    super(message);
    this.httpCode = init.httpCode;
    this.reason = init.reason ?? reasonOf(init.httpCode);
    this.status = init.status;
    this.body = init.body;
    this.verb = init.verb;
    this.resource = init.resource;
    this.objectName = init.name;
    this.namespace = init.namespace;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** What {@linkcode toApiError} is told of a response. */
export interface FailedResponse {
  readonly httpCode: number;
  readonly retryAfterMs?: number;
  /** The body as text. */
  readonly body: string;
  /** Who was asked with what credentials, for 401. */
  readonly source: string;
}

/** Makes the error of a response; its body is read as a Status whatever its headers say. */
export function toApiError(asked: RequestInfo, response: FailedResponse): ApiError {
  const { httpCode, body } = response;
  const status = parseStatus(body);
  const info = httpCode === 403 ? refusedRequest(asked, status?.message) : asked;
  const seconds = status?.details?.retryAfterSeconds;
  return new ApiError(messageOf(info, response, status), {
    httpCode,
    reason: status?.reason || undefined,
    status,
    ...(!status && { body }),
    verb: info.verb,
    resource: resourceOf(info),
    name: info.name,
    namespace: info.namespace,
    retryAfterMs: response.retryAfterMs ?? (seconds ? seconds * 1000 : undefined),
  });
}

function messageOf(info: RequestInfo, response: FailedResponse, status?: ApiStatus): string {
  if (response.httpCode === 403) return forbiddenMessage(info, status?.message);
  const said = (status?.message || response.body).split("\n", 1)[0]!.trim().slice(0, MAX_SAID);
  const wanted = `Cannot ${describeRequest(info)}`;
  if (response.httpCode === 401) {
    return `${wanted}: the credentials of ${response.source} are not accepted`;
  }
  return said ? `${wanted}: ${said}` : `${wanted}: HTTP ${response.httpCode}`;
}

/** Of a body that is no Status this much is shown. */
const MAX_SAID = 1_000;

function parseStatus(body: string): ApiStatus | undefined {
  if (!body.trimStart().startsWith("{")) return undefined;
  try {
    const parsed = JSON.parse(body);
    return parsed?.kind === "Status" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const REASONS: Record<number, string> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function reasonOf(httpCode: number): string {
  return REASONS[httpCode] ?? "Unknown";
}

/** The object, or the resource itself, is not there. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 404;
}

/** The object was changed meanwhile, or another field manager owns the field. */
export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 409 && error.reason !== "AlreadyExists";
}

/** An object of that name is there. */
export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 409 && error.reason === "AlreadyExists";
}

/** The resourceVersion or page token is too old: list again. */
export function isGone(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 410;
}

/** Not permitted, by RBAC or by an admission policy. */
export function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 403;
}

/** The credentials were not accepted, even when read again. */
export function isUnauthorized(error: unknown): error is ApiError {
  return error instanceof ApiError && error.httpCode === 401;
}
