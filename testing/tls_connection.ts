import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

/** The part of a connection that the fault proxy uses. */
export interface Connection {
  /** Reads some bytes; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some bytes; resolves with how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends this side and leaves the other open. */
  closeWrite(): Promise<void>;
  /** Ends both sides. */
  close(): void;
}

/**
 * Connects over TLS through `node:tls`: unlike `Deno.connectTls` it verifies a certificate that
 * is its own authority, as test control planes have.
 *
 * @throws {Error} when the server cannot be reached or its certificate is not trusted
 */
export async function connectTls(
  address: { hostname: string; port: number },
  caCerts: string[] | undefined,
): Promise<Connection> {
  const { hostname: host, port } = address;
  const socket = connect({ host, port, ...(caCerts && { ca: caCerts }) });
  try {
    await once(socket, "secureConnect");
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  socket.on("error", () => {}); // reading tells it too
  return new TlsConnection(socket);
}

class TlsConnection implements Connection {
  readonly #socket: TLSSocket;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#left.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return null;
      this.#left = next.value;
    }
    const taken = this.#left.subarray(0, into.length);
    into.set(taken);
    this.#left = this.#left.subarray(taken.length);
    return taken.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    // the caller uses its buffer again, and the socket keeps what it was given
    if (!this.#socket.write(bytes.slice())) await this.#drained();
    return bytes.length;
  }

  /** A socket that is closed tells no `drain`. */
  async #drained(): Promise<void> {
    const either = new AbortController();
    const { signal } = either;
    try {
      if (!this.#socket.destroyed) {
        const events = ["drain", "close"].map((event) => once(this.#socket, event, { signal }));
        await Promise.race(events);
      }
    } finally {
      either.abort();
    }
    if (this.#socket.destroyed) throw new Error("Cannot write: the connection is closed");
  }

  async closeWrite(): Promise<void> {
    this.#socket.end();
    await Promise.resolve();
  }

  close(): void {
    this.#socket.destroy();
  }
}
