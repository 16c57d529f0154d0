import { setImmediate } from "node:timers";
import { CLOSE_MS, DRAINED_BYTES, type MessageSocket } from "./message_socket.ts";

/**
 * Nothing tells that what was sent has gone, and so it is looked. Who reads as fast as it can has taken
 * it within a few turns of the event loop, where a timer would let it wait for milliseconds.
 */
const EARLY_LOOKS = 50;
/** How often it is looked after that (ms). */
const LOOK_MS = 5;
const NORMAL = 1000;

/**
 * The accepting side's socket: what `Deno.upgradeWebSocket` returns, at once, so that no message is
 * missed.
 *
 * Such a socket cannot be cut: `abort()` counts it as ended, and it is closed when the other side answers
 * the farewell, or TCP gives up. Deno's `idleTimeout` is of no use: it does nothing once `close()` was
 * called, and its timer stays when a connection breaks, and keeps the process for as long.
 */
export function serverMessageSocket(socket: WebSocket): MessageSocket {
  const { promise: closed, resolve: setClosed } = Promise.withResolvers<Error | undefined>();
  const early: string[] = [];
  let waiting: string[] = [];
  let hear: ((message: string) => void) | undefined;
  let ended = false;
  /** Those who look whether what was sent has gone. */
  const looking = new Set<() => void>();
  let farewell: ReturnType<typeof setTimeout> | undefined;

  function end(error?: Error): void {
    ended = true;
    clearTimeout(farewell);
    for (const wake of looking) wake();
    setClosed(error);
  }
  function close(error?: Error): void {
    if (ended) return;
    // throws while the socket is not open yet
    if (socket.readyState === WebSocket.OPEN) socket.close(NORMAL);
    farewell ??= setTimeout(() => end(error), CLOSE_MS);
  }

  socket.onopen = () => {
    if (ended || farewell !== undefined) return socket.close(NORMAL);
    for (const message of waiting) socket.send(message);
    waiting = [];
  };
  socket.onmessage = ({ data }) => {
    if (ended) return;
    if (typeof data !== "string") {
      const error = new TypeError("a message came that is not text");
      close(error);
      end(error);
    } else if (hear) hear(data);
    else early.push(data);
  };
  socket.onerror = (event) =>
    end(new Error(event instanceof ErrorEvent ? event.message : "the connection broke"));
  socket.onclose = () => end();

  return {
    closed,
    get queuedBytes() {
      return ended ? 0 : socket.bufferedAmount;
    },
    send(message) {
      if (ended || farewell !== undefined) return;
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
      else if (socket.readyState === WebSocket.CONNECTING) waiting.push(message);
    },
    async drained() {
      for (let i = 0; !ended && socket.bufferedAmount > DRAINED_BYTES; i++) {
        await new Promise<void>((resolve) => {
          if (i < EARLY_LOOKS) return void setImmediate(resolve);
          const wake = () => {
            clearTimeout(timer);
            looking.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, LOOK_MS);
          looking.add(wake);
        });
      }
    },
    onMessage(listener) {
      hear = listener;
      for (const message of early.splice(0)) listener(message);
    },
    close: () => close(),
    abort() {
      close();
      end();
    },
  };
}
