/** Connections of bytes, whoever made them. Reading goes no further than it is asked to. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** A connection of bytes both ways. */
export interface ByteConnection {
  /** The next bytes; undefined at the end. Rejects when the connection breaks or is closed here. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the system has taken all of the bytes; one call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes both ways at once; idempotent. */
  close(): void;
}

/** Memory for reads is made in pieces of this size; what was read stays where it is. */
const PIECE_BYTES = 64 * 1024;
/** With less room left, a new piece is made. */
const MIN_READ_BYTES = 8 * 1024;

/** A connection that Deno made. */
export function denoBytes(conn: Deno.Conn): ByteConnection {
  let closed = false;
  let room = new Uint8Array();
  return {
    async read() {
      if (room.length < MIN_READ_BYTES) room = new Uint8Array(PIECE_BYTES);
      const size = await conn.read(room);
      if (size === null) return undefined;
      const bytes = room.subarray(0, size);
      room = room.subarray(size);
      return bytes;
    },
    async write(bytes) {
      for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
    },
    close() {
      if (closed) return;
      closed = true;
      try {
        conn.close();
      } catch {
        // it was closed by its failure
      }
    },
  };
}

/** A connection that `node:net` or `node:tls` made. */
export function nodeBytes(socket: Socket): ByteConnection {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  socket.on("error", () => {}); // reads and writes tell it
  return {
    async read() {
      const { done, value } = await chunks.next();
      if (done) return undefined;
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    },
    write(bytes) {
      return new Promise((resolve, reject) => {
        const { buffer, byteOffset, byteLength } = bytes;
        socket.write(
          Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
          (error) => error ? reject(error) : resolve(),
        );
      });
    },
    close: () => void socket.destroy(),
  };
}
