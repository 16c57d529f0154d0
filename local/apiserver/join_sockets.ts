/**
 * A client's WebSocket that is joined to one further away.
 *
 * Flow: messages are passed both ways, in order, text as text. A client that reads slowly makes the far
 * end wait; a far end that does is waited for by no client, as sockets of Deno cannot be paused, so
 * that too much of it ends both. Either end's closing closes the other, with its code and reason.
 *
 * The real server passes bytes on, pings among them. Here each half has pings of its own, and a far end
 * that broke is told by a code, as sockets of Deno can be ended in no other way.
 */
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import {
  type ClientSocket,
  closeAfterRead,
  type HandshakeOptions,
  nodeBytes,
  requestWebSocket,
  sendPaced,
} from "../../websocket/mod.ts";
import type { Backend } from "./backend.ts";

/** Bytes on their way to a slow far end. */
const MAX_WAITING = 64 * 1024 * 1024;
/** How long a server may take to answer (ms). */
const ANSWER_MS = 30_000;
/** What a client is closed with when the far end went without a farewell. */
const FAR_END_BROKE = 3502;

/** Opens a socket to `url`, or resolves with what its server refuses by; certificates are not verified. */
export async function dialUnverified(
  url: URL,
  options: HandshakeOptions,
): Promise<ClientSocket | Response> {
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 443 : 80));
  const socket: Socket = secure
    ? connectSecurely({ host, port, rejectUnauthorized: false })
    : connectPlain({ host, port });
  socket.setNoDelay(true);
  const timer = setTimeout(() => socket.destroy(new Error("i/o timeout")), ANSWER_MS);
  try {
    await once(socket, secure ? "secureConnect" : "connect");
    return await requestWebSocket(nodeBytes(socket), url, options);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Options of {@linkcode joinSockets}. */
export interface JoinOptions {
  readonly far: ClientSocket;
  /** Resolves when the client sends no more. @default never */
  readonly quiet?: Promise<void>;
  /** Whether a message of the client is for the far end. @default all are */
  readonly pass?: (message: string | Uint8Array) => boolean;
  /** The message with which a client is told that the far end broke. @default only a code */
  readonly lastWords?: (error: Error) => Uint8Array;
}

/** Takes the client's socket, and passes on what comes. */
export function joinSockets(backend: Backend, request: Request, options: JoinOptions): Response {
  const { far, pass } = options;
  if (request.signal.aborted) {
    // it went while the far end was dialed: its socket would neither open nor close
    void far.close();
    return new Response(null, { status: 499 });
  }
  const { socket, response } = Deno.upgradeWebSocket(request, {
    ...(far.protocol && { protocol: far.protocol }),
    idleTimeout: 0, // a client that is slow to read does not answer pings
  });
  socket.binaryType = "arraybuffer";
  const stream = { close: () => void far.close() };
  backend.streams.add(stream);
  far.closed.then(() => backend.streams.delete(stream));
  const { promise: left, resolve: setLeft } = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    if (pass && !pass(message)) return;
    far.send(message).catch(() => {}); // reading tells it
    if (far.buffered > MAX_WAITING) far.abort(new Error("too much waits for the far end"));
  };
  socket.onclose = ({ code, reason }) => {
    setLeft();
    if (isSendable(code)) far.close(code, reason);
    else far.close();
  };
  socket.onerror = () => {}; // onclose follows
  const quiet = Promise.race([left, options.quiet ?? left]);
  socket.onopen = () => copy(socket, { ...options, quiet });
  return response;
}

/** Passes on what the far end sends, to its end. */
async function copy(
  socket: WebSocket,
  { far, quiet, lastWords }: JoinOptions & { quiet: Promise<void> },
): Promise<void> {
  let end: { code?: number; reason?: string } = {};
  try {
    for (;;) {
      const message = await far.receive();
      if (message === undefined || socket.readyState !== WebSocket.OPEN) break;
      await sendPaced(socket, message);
    }
    end = { code: far.closeCode, reason: far.closeReason };
  } catch (error) {
    if (lastWords) await sendPaced(socket, lastWords(error as Error));
    else end = { code: FAR_END_BROKE, reason: (error as Error).message.slice(0, MAX_REASON) };
  }
  await far.close();
  await closeAfterRead(socket, quiet, end);
}

/** Characters of a reason; a frame of this kind has room for 123 bytes. */
const MAX_REASON = 40;

/** Codes that this end can close with. */
function isSendable(code: number): boolean {
  return code === 1000 || (code >= 3000 && code < 5000);
}
