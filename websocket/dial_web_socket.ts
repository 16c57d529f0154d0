/**
 * Opens a WebSocket directly to an address. One deadline is for all of it: the connection, TLS and the
 * handshake. Until it is open whatever ends it closes the connection, at which the step that is waited
 * for fails; the deadline or the signal tells why.
 */
import { type ByteConnection, denoBytes } from "./byte_connection.ts";
import { ClientSocket, type SocketLimits } from "./client_socket.ts";
import { requestWebSocket } from "./handshake.ts";
import { kindOf, SocketError } from "./socket_error.ts";

/** Options of {@linkcode dialWebSocket}. */
export interface DialOptions extends SocketLimits {
  /** Subprotocols, the preferred one first; the server must take one of them. @default none */
  protocols?: readonly string[];
  /** Headers besides the handshake's own, such as `authorization`. @default none */
  headers?: Record<string, string>;
  /** Gives up, or ends the open socket at once; what waits rejects with its reason. */
  signal?: AbortSignal;
  /** Milliseconds until the socket is open. @default 10_000 */
  timeout?: number;
  /** Authorities in PEM that are trusted besides the system's, for `wss:`. @default none */
  caCerts?: readonly string[];
  /** The name that the server's certificate must have, for `wss:`. @default the URL's host */
  serverName?: string;
}

const TIMEOUT_MS = 10_000;
/** Of a server's refusal that much is in the message. */
const MAX_SAID = 200;

/**
 * Opens a WebSocket to `url` (`ws:` or `wss:`), on a connection of its own on which small messages do
 * not wait for each other.
 *
 * Rejects with a {@linkcode SocketError} that says why, and with the signal's reason; with a TypeError
 * when `url` is none that can be dialed. When the open socket breaks, its calls reject with a
 * SocketError too.
 *
 * @example
 * ```ts ignore
 * await using socket = await dialWebSocket(`wss://${pod.ip}:8087/messages`, {
 *   caCerts: [authority],
 *   serverName: "worker.greeter",
 *   signal: stop.signal,
 * });
 * ```
 */
export async function dialWebSocket(
  url: string | URL,
  options: DialOptions = {},
): Promise<ClientSocket> {
  const target = new URL(url);
  if (target.protocol !== "ws:" && target.protocol !== "wss:") {
    throw new TypeError(`Cannot open "${target}": allowed are "ws:" and "wss:"`);
  }
  const { protocols = [], headers = {}, timeout = TIMEOUT_MS, signal } = options;
  const { pingInterval, sendTimeout, maxMessage } = options;
  signal?.throwIfAborted();
  const life = new AbortController();
  const abort = () => life.abort(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    const message = `Cannot open "${target}": no answer within ${timeout} ms`;
    life.abort(new SocketError(message, { kind: "timeout" }));
  }, timeout);
  let conn: ByteConnection | undefined;
  try {
    conn = await connect(target, options, life.signal);
    life.signal.throwIfAborted(); // just when it was there
    const close = () => conn!.close();
    life.signal.addEventListener("abort", close, { once: true });
    const answer = await requestWebSocket(conn, target, {
      protocols,
      headers,
      pingInterval,
      sendTimeout,
      maxMessage,
      toError: (error) => toError(`Cannot use "${target}"`, error),
    });
    if (!(answer instanceof ClientSocket)) throw await refusal(target, answer);
    life.signal.removeEventListener("abort", close);
    life.signal.throwIfAborted();
    life.signal.addEventListener("abort", () => answer.abort(life.signal.reason), { once: true });
    answer.closed.then(() => signal?.removeEventListener("abort", abort));
    return answer;
  } catch (error) {
    conn?.close();
    signal?.removeEventListener("abort", abort);
    if (life.signal.aborted) throw life.signal.reason;
    throw toError(`Cannot open "${target}"`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects with whatever came of it when the signal aborts. */
async function connect(
  url: URL,
  { caCerts = [], serverName }: DialOptions,
  signal: AbortSignal,
): Promise<ByteConnection> {
  const secure = url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 443 : 80));
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(); // else small messages wait for each other
  if (!secure) return denoBytes(conn);
  const tls = await Deno.startTls(conn, {
    hostname: serverName ?? hostname,
    caCerts: [...caCerts],
    alpnProtocols: ["http/1.1"],
  });
  const bytes = denoBytes(tls);
  if (signal.aborted) bytes.close();
  const close = () => bytes.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    await tls.handshake();
    return bytes;
  } catch (error) {
    bytes.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

async function refusal(url: URL, answer: Response): Promise<SocketError> {
  const { status } = answer;
  const body = await answer.text();
  const said = body.trim().split("\n", 1)[0]!.slice(0, MAX_SAID);
  const message = `Cannot open "${url}": HTTP ${status}${said && `: ${said}`}`;
  return new SocketError(message, { kind: "answer", status, body });
}

function toError(what: string, error: unknown): SocketError {
  if (error instanceof SocketError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const kind = kindOf(error);
  const advice = kind === "denied" ? "Deno may not connect there, see --allow-net" : undefined;
  return new SocketError(`${what}: ${advice ?? text}`, { kind, cause: error });
}
