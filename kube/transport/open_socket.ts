import { ClientSocket, requestWebSocket, type SocketLimits } from "../../websocket/mod.ts";
import type { TlsMaterial } from "../config/mod.ts";
import type { CallScope } from "./call_scope.ts";
import type { Connections } from "./connections.ts";
import type { SocketRequest } from "./transport_options.ts";

/** What is sent, and for whom. */
export interface SocketCall extends Pick<SocketRequest, "protocols">, Readonly<SocketLimits> {
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Ends with the socket; when it is aborted, so is the socket. */
  readonly scope: CallScope;
}

/** Opens a WebSocket on a connection of its own; resolves with another answer if it is refused. */
export async function openSocket(
  connections: Connections,
  call: SocketCall,
  { tls, toError }: { tls: TlsMaterial; toError: (error: unknown) => Error },
): Promise<ClientSocket | Response> {
  const { headers, protocols, pingInterval, sendTimeout, maxMessage, scope } = call;
  const { signal } = scope;
  const url = new URL(call.url);
  const conn = await connections.open(url, tls, signal);
  let end = () => conn.close();
  signal.addEventListener("abort", () => end(), { once: true });
  const answer = await requestWebSocket(conn, url, {
    headers,
    protocols,
    pingInterval,
    sendTimeout,
    maxMessage,
    toError,
  });
  if (!(answer instanceof ClientSocket)) return answer;
  end = () => answer.abort(signal.reason);
  if (signal.aborted) end();
  answer.closed.then(() => scope.end());
  return answer;
}
