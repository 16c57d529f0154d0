import { asError } from "../../runtime/mod.ts";
import type { ClientSocket } from "../../websocket/mod.ts";
import { DRAINED_BYTES, type MessageSocket } from "./message_socket.ts";

/** The dialing side's socket. Nothing is read before somebody hears messages. */
export function clientMessageSocket(socket: ClientSocket): MessageSocket {
  const { promise: closed, resolve: setClosed } = Promise.withResolvers<Error | undefined>();
  let hear: ((message: string) => void) | undefined;
  let ended = false;
  /** Resolves once all is written that was sent so far, or cannot be. */
  let written: Promise<void> = Promise.resolve();

  async function receive(): Promise<Error | undefined> {
    try {
      for (;;) {
        const message = await socket.receive();
        if (message === undefined) return undefined;
        if (typeof message !== "string") throw new TypeError("a message came that is not text");
        hear!(message);
      }
    } catch (error) {
      socket.abort(asError(error));
      return asError(error);
    }
  }

  // who never hears has to know too
  socket.closed.then(() => {
    ended = true;
    if (!hear) setClosed(undefined);
  });
  return {
    closed,
    get queuedBytes() {
      return ended ? 0 : socket.buffered;
    },
    send(message) {
      written = socket.send(message).catch(() => {}); // the reader tells it
    },
    async drained() {
      while (!ended && socket.buffered > DRAINED_BYTES) await written;
    },
    onMessage(listener) {
      const isFirst = hear === undefined;
      hear = listener;
      if (isFirst) receive().then(setClosed);
    },
    close: () => void socket.close(),
    abort: () => socket.abort(new Error("the connection was given up")),
  };
}
