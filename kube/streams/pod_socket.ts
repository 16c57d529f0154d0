import { type ClientSocket, SocketError, type SocketLimits } from "../../websocket/mod.ts";
import { ApiError, type Transport } from "../transport/mod.ts";

/** What is asked of a transport. */
export type SocketClient = Pick<Transport, "openSocket">;

/** Where to, and with what. */
export interface PodSocketOptions extends SocketLimits {
  /** The pod's namespace. */
  namespace: string;
  /** The pod's name. */
  name: string;
  /** The port, which need not be declared; by its number, as API servers know no others here. */
  port: number;
  /** The path; no query, as API servers do not pass it on with a WebSocket. @default "/" */
  path?: string;
  /** What the pod speaks; its certificate is not verified by the API server. @default "http" */
  scheme?: "http" | "https";
  /** Subprotocols, the preferred one first; the pod must take one of them. @default none */
  protocols?: readonly string[];
  /** Headers for the pod. `authorization` is the API server's, and does not reach it. @default none */
  headers?: Readonly<Record<string, string>>;
  /** Gives up, or ends the open socket at once; what waits rejects with its reason. */
  signal?: AbortSignal;
}

/** How API servers tell that the pod could not be reached. */
const UNREACHED = /^error (dialing backend|trying to reach service)\b|\bEOF$/;

/**
 * Opens a WebSocket to a port of a pod through the API server, from wherever that can be reached. It
 * counts as one request of the transport's budget, and ends with the API server that it goes through.
 *
 * It needs `pods/proxy`: `get`. (The `create` that Kubernetes 1.35 asks for with commands it does not
 * ask for here.)
 *
 * Rejects as {@linkcode Transport} does: with an ApiError when the API server refuses, with a
 * ConnectionError when it does not answer, with the signal's reason; and with a SocketError when the
 * pod refuses (`answer`: `status` and `body` say what) or cannot be reached (`refused`, `timeout`,
 * `broken`). A pod's 401 looks as one of the API server until its body is read, so it is asked twice.
 */
export async function podSocket(
  client: SocketClient,
  options: PodSocketOptions,
): Promise<ClientSocket> {
  const { namespace, name, port, path = "/", scheme = "http", protocols = [], headers } = options;
  const { signal, pingInterval, sendTimeout, maxMessage } = options;
  if (!/^\/[^?#]*$/.test(path)) {
    throw new TypeError(
      `Cannot open a socket to pod "${name}": path "${path}" is not "/…" without a query`,
    );
  }
  const inside = encodeURIComponent(namespace);
  const target = `${scheme === "https" ? "https:" : ""}${encodeURIComponent(name)}:${port}`;
  try {
    return await client.openSocket({
      path: `/api/v1/namespaces/${inside}/pods/${target}/proxy${path}`,
      protocols,
      headers,
      abortSignal: signal,
      pingInterval,
      sendTimeout,
      maxMessage,
    });
  } catch (error) {
    throw error instanceof ApiError ? ofPod(error, options) : error;
  }
}

/** The error of the pod, if it was not the API server that refused. */
function ofPod(error: ApiError, { namespace, name, port }: PodSocketOptions): Error {
  const wanted =
    `Cannot open a socket to port ${port} of pod "${name}" in namespace "${namespace}"`;
  const { status, body = "", httpCode } = error;
  if (!status) {
    const said = body.trim().split("\n", 1)[0]!.slice(0, MAX_SAID);
    const message = `${wanted}: HTTP ${httpCode}${said && `: ${said}`}`;
    return new SocketError(message, { kind: "answer", status: httpCode, body, cause: error });
  }
  const { message = "" } = status;
  if (httpCode < 500 || !UNREACHED.test(message)) return error;
  const kind = /refused/i.test(message)
    ? "refused"
    : /time(d )?out/i.test(message)
    ? "timeout"
    : "broken";
  return new SocketError(`${wanted}: ${message}`, { kind, cause: error });
}

/** Of a pod's refusal that much is in the message. */
const MAX_SAID = 200;
