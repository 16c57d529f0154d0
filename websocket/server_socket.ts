/** What a server needs that sends much over a WebSocket of Deno's, which neither waits nor lingers. */

/** Bytes on their way to a slow client, after which it is waited for. */
const MAX_BUFFERED = 1024 * 1024;
/** How often it is looked whether they went; nothing tells it (ms). */
const LOOK_MS = 5;
/** How long a client that is sending is listened to after the last message to it (ms). */
const LINGER_MS = 200;
const NORMAL = 1000;
/** Codes below are the protocol's. */
const FIRST_OWN_CODE = 3000;

/** Sends a message; resolves when there is room for the next, or the socket is no longer open. */
export async function sendPaced(
  socket: WebSocket,
  message: string | Uint8Array,
): Promise<void> {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(message as string | Uint8Array<ArrayBuffer>);
  await buffersAtMost(socket, MAX_BUFFERED);
}

/**
 * Closes a socket so that its client gets what was sent: one that is sending itself would lose it, as
 * the system resets a connection that is closed with bytes in it that nobody has read. So it is
 * listened to for a moment, unless `quiet` resolves, which says that it sends no more. Deno can close
 * only with 1000 and codes from 3000 on; for others it is 1000.
 */
export async function closeAfterRead(
  socket: WebSocket,
  quiet: Promise<void>,
  { code = NORMAL, reason = "" }: { code?: number; reason?: string } = {},
): Promise<void> {
  await buffersAtMost(socket, 0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LINGER_MS);
  });
  await Promise.race([quiet, late]);
  clearTimeout(timer);
  if (socket.readyState !== WebSocket.OPEN) return;
  if (code >= FIRST_OWN_CODE) socket.close(code, reason);
  else socket.close(NORMAL);
}

async function buffersAtMost(socket: WebSocket, bytes: number): Promise<void> {
  while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > bytes) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
