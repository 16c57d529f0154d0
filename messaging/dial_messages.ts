import { dialWebSocket } from "../websocket/mod.ts";
import { clientMessageSocket } from "./session/client_message_socket.ts";
import { MESSAGES_PATH, type MessageSocket, SUBPROTOCOL } from "./session/message_socket.ts";

/** Where a worker listens. */
export interface WorkerAddress {
  /** A host name or an IP address. */
  readonly address: string;
  /** The port of its HTTP server. */
  readonly port: number;
}

/** Longest message of a worker, in bytes: long frames come in parts. */
export const MAX_MESSAGE = 1024 * 1024;

/** Opens a connection directly to a worker. */
export async function dialMessages(
  { address, port }: WorkerAddress,
  { signal }: { signal: AbortSignal },
): Promise<MessageSocket> {
  const host = address.includes(":") ? `[${address}]` : address;
  return clientMessageSocket(
    await dialWebSocket(`ws://${host}:${port}${MESSAGES_PATH}`, {
      protocols: [SUBPROTOCOL],
      signal,
      maxMessage: MAX_MESSAGE,
    }),
  );
}
