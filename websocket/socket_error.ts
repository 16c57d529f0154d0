/**
 * - `refused`: nobody listens there;
 * - `timeout`: no answer in time, or no sign of life on an open socket;
 * - `answer`: the server answered, and not with a WebSocket: `status` and `body` say what;
 * - `certificate`: the server's certificate is not trusted, or not for that name;
 * - `denied`: Deno may not connect to there;
 * - `broken`: anything else: the connection broke, or what came is no WebSocket.
 */
export type SocketErrorKind =
  | "refused"
  | "timeout"
  | "answer"
  | "certificate"
  | "denied"
  | "broken";

/** Fields of a {@linkcode SocketError}. */
export interface SocketErrorInit extends ErrorOptions {
  /** Why. */
  kind: SocketErrorKind;
  /** HTTP status, of an `answer`. */
  status?: number;
  /** What the server answered, at most 64 KiB. */
  body?: string;
}

/** A WebSocket could not be opened, or broke. */
export class SocketError extends Error {
  /** Always `"SocketError"`. */
  override readonly name = "SocketError";
  /** Why. */
  readonly kind: SocketErrorKind;
  /** HTTP status, of an `answer`. */
  readonly status?: number;
  /** What the server answered, at most 64 KiB. */
  readonly body?: string;

  /** An error with this text. */
  constructor(message: string, { kind, status, body, cause }: SocketErrorInit) {
    super(message, { cause });
    this.kind = kind;
    this.status = status;
    this.body = body;
  }
}

/** The kind of what Deno threw. */
export function kindOf(error: unknown): SocketErrorKind {
  if (error instanceof Deno.errors.ConnectionRefused) return "refused";
  if (error instanceof Deno.errors.TimedOut) return "timeout";
  if (error instanceof Deno.errors.NotCapable) return "denied";
  return error instanceof Error && /certificate/i.test(error.message) ? "certificate" : "broken";
}
