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

const READ_BYTES = 64 * 1024;

/** A connection that Deno made. */
export function denoBytes(conn: Deno.Conn): ByteConnection {
  let closed = false;
  return {
    async read() {
      const buffer = new Uint8Array(READ_BYTES);
      const size = await conn.read(buffer);
      return size === null ? undefined : buffer.subarray(0, size);
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
