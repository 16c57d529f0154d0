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

/** By what a worker is known when a connection to it is encrypted. */
export interface TlsTrust {
  /** The authorities that may have signed a worker's certificate, as PEM. */
  readonly caCerts: readonly string[];
  /** The name that a worker's certificate must have. */
  readonly serverName: string;
}

/** The name in the certificate of a coordinator's workers; it is no address. */
export function workersName(coordinator: string): string {
  return `workers.${coordinator}.troupe.internal`;
}

/** Options of {@linkcode dialMessages}. */
export interface DialMessagesOptions {
  /** Gives up, or ends the connection at once. */
  signal: AbortSignal;
  /** Encrypts the connection, and trusts such workers only. @default not encrypted */
  tls?: TlsTrust;
}

/** Longest message of a worker, in bytes: long frames come in parts. */
export const MAX_MESSAGE = 1024 * 1024;

/** Opens a connection directly to a worker. */
export async function dialMessages(
  { address, port }: WorkerAddress,
  { signal, tls }: DialMessagesOptions,
): Promise<MessageSocket> {
  const host = address.includes(":") ? `[${address}]` : address;
  return clientMessageSocket(
    await dialWebSocket(`${tls ? "wss" : "ws"}://${host}:${port}${MESSAGES_PATH}`, {
      ...tls,
      protocols: [SUBPROTOCOL],
      signal,
      maxMessage: MAX_MESSAGE,
    }),
  );
}
