/**
 * An open WebSocket as its client. Messages are pulled: as long as nobody asks for one, nothing is
 * read, and the server feels it.
 *
 * While a message is waited for, a ping goes out now and then; if not even a pong comes back the
 * connection is dead. A reader that takes its time is no silence: nothing is judged meanwhile.
 */
import type { ByteConnection } from "./byte_connection.ts";
import { encodeFrame, type Frame, FrameDecoder, OPCODES } from "./frames.ts";

/** Options of {@linkcode ClientSocket}. */
export interface ClientSocketOptions {
  /** The subprotocol that was agreed on. */
  protocol: string;
  /** Bytes that came right after the handshake. */
  head?: Uint8Array;
  /** Milliseconds of silence before a ping; after twice that the socket fails. @default 30_000 */
  pingInterval?: number;
  /** Bytes of a message, else the socket fails. @default 16 MiB */
  maxMessage?: number;
  /** Turns what broke into what callers are told. @default as it is */
  toError?: (error: unknown) => Error;
}

const PING_INTERVAL_MS = 30_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const NORMAL = 1000;

/** The client's end of a WebSocket. */
export class ClientSocket {
  /** The subprotocol that was agreed on. */
  readonly protocol: string;
  /** Resolves when the connection has ended, however; never rejects. */
  readonly closed: Promise<void>;
  readonly #conn: ByteConnection;
  readonly #decoder: FrameDecoder;
  readonly #pingInterval: number;
  readonly #maxMessage: number;
  readonly #toError: (error: unknown) => Error;
  readonly #setClosed: () => void;
  #frames: Frame[] = [];
  /** The parts of a message that is not complete. */
  #parts: Uint8Array[] = [];
  #head?: Uint8Array;
  #writing: Promise<void> = Promise.resolve();
  #ended = false;
  #failure?: Error;
  #closeCode?: number;

  /** Takes a connection over after its handshake. */
  constructor(conn: ByteConnection, options: ClientSocketOptions) {
    this.#conn = conn;
    this.protocol = options.protocol;
    this.#head = options.head;
    this.#pingInterval = options.pingInterval ?? PING_INTERVAL_MS;
    this.#maxMessage = options.maxMessage ?? MAX_MESSAGE_BYTES;
    this.#decoder = new FrameDecoder(this.#maxMessage);
    this.#toError = options.toError ?? ((error) => error as Error);
    ({ promise: this.closed, resolve: this.#setClosed } = Promise.withResolvers<void>());
  }

  /** The code with which the server closed; undefined if it did not. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  /**
   * The next message, one call at a time; undefined when the socket was closed, by whom ever.
   * Rejects when the connection breaks, and with the reason of `abort()`.
   */
  async receive(): Promise<Uint8Array | undefined> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure;
        if (this.#ended) return undefined;
        const frame = this.#frames.shift();
        if (frame) {
          const message = await this.#take(frame);
          if (message) return message;
          continue;
        }
        const bytes = await this.#read();
        if (bytes === undefined) throw new Error("the connection was closed");
        this.#frames = this.#decoder.push(bytes);
      }
    } catch (error) {
      if (this.#ended && !this.#failure) return undefined; // closed here meanwhile
      throw this.#fail(error);
    }
  }

  /** Sends a binary message; resolves when the system has taken it. */
  send(message: Uint8Array): Promise<void> {
    return this.#write(OPCODES.binary, message);
  }

  /** Says farewell, if that is possible at once, and closes the connection. */
  async close(): Promise<void> {
    if (!this.#ended && !this.#failure) {
      await this.#write(OPCODES.close, Uint8Array.of(NORMAL >> 8, NORMAL & 0xff)).catch(() => {});
    }
    this.#end();
  }

  /** Closes the connection at once; what waits for it rejects with `reason`. */
  abort(reason: Error): void {
    if (!this.#ended) this.#failure ??= reason;
    this.#end();
  }

  async #read(): Promise<Uint8Array | undefined> {
    const head = this.#head;
    this.#head = undefined;
    if (head && head.length > 0) return head;
    let pinged = false;
    const timer = setInterval(() => {
      if (pinged) {
        this.abort(this.#toError(new Error(`no sign of life for ${2 * this.#pingInterval} ms`)));
      }
      pinged = true;
      this.#write(OPCODES.ping, new Uint8Array()).catch(() => {}); // the read tells it
    }, this.#pingInterval);
    try {
      return await this.#conn.read();
    } finally {
      clearInterval(timer);
    }
  }

  /** The message that a frame completes, if any. */
  async #take({ opcode, payload, final }: Frame): Promise<Uint8Array | undefined> {
    switch (opcode) {
      case OPCODES.ping:
        await this.#write(OPCODES.pong, payload);
        return undefined;
      case OPCODES.pong:
        return undefined;
      case OPCODES.close:
        this.#closeCode = payload.length < 2 ? 1005 : payload[0]! << 8 | payload[1]!;
        await this.#write(OPCODES.close, payload.subarray(0, 2)).catch(() => {});
        this.#end();
        return undefined;
      case OPCODES.text:
      case OPCODES.binary:
      case OPCODES.continuation:
        break;
      default:
        throw new TypeError(`a frame has the unknown opcode ${opcode}`);
    }
    if (final && this.#parts.length === 0) return payload;
    this.#parts.push(payload);
    const length = this.#parts.reduce((sum, part) => sum + part.length, 0);
    if (length > this.#maxMessage) {
      throw new RangeError(`a message has more than ${this.#maxMessage} bytes`);
    }
    if (!final) return undefined;
    const message = new Uint8Array(length);
    let offset = 0;
    for (const part of this.#parts) {
      message.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    return message;
  }

  /** Writes go out one after another, each in one piece. */
  #write(opcode: number, payload: Uint8Array): Promise<void> {
    const written = this.#writing.then(async () => {
      if (this.#failure) throw this.#failure;
      if (this.#ended) throw this.#toError(new Error("the connection was closed"));
      const mask = crypto.getRandomValues(new Uint8Array(4));
      await this.#conn.write(encodeFrame(opcode, payload, mask)).catch((error) => {
        // what the server sent before it went can still be read
        throw this.#failure ?? this.#toError(error);
      });
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  #fail(error: unknown): Error {
    this.#failure ??= this.#toError(error);
    this.#end();
    return this.#failure;
  }

  #end(): void {
    this.#ended = true;
    this.#conn.close();
    this.#setClosed();
  }
}
