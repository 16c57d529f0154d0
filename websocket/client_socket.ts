/**
 * An open WebSocket as its client. Messages are pulled: as long as nobody asks for one, nothing is
 * read, and the server feels it.
 *
 * While a message is waited for, a ping goes out now and then; if not even a pong comes back the
 * connection is dead. A reader that takes its time is no silence: nothing is judged meanwhile. Silence
 * is counted in ticks of a timer, not by a clock: a process that was held up does not take its own
 * pause for the server's, as a timer that is late ticks once.
 */
import type { ByteConnection } from "./byte_connection.ts";
import { FrameSender } from "./frame_sender.ts";
import { type Frame, FrameDecoder, OPCODES } from "./frames.ts";
import { type Message, MessageAssembler } from "./message_assembler.ts";

/** What can be chosen of a {@linkcode ClientSocket}. */
export interface SocketLimits {
  /** Milliseconds of silence before a ping; after twice that the socket fails. @default 30_000 */
  pingInterval?: number;
  /**
   * Milliseconds that what is sent may wait for the system to take it, which it does as long as the
   * server reads; then the socket fails. For a peer that need not be waited for.
   * @default without end
   */
  sendTimeout?: number;
  /** Bytes of a message, else the socket fails. @default 16 MiB */
  maxMessage?: number;
}

/** Options of {@linkcode ClientSocket}. */
export interface ClientSocketOptions extends SocketLimits {
  /** The subprotocol that was agreed on; `""` if none. */
  protocol: string;
  /** Bytes that came right after the handshake. */
  head?: Uint8Array;
  /** Turns what broke into what callers are told. @default as it is */
  toError?: (error: unknown) => Error;
}

const PING_INTERVAL_MS = 30_000;
/** Ticks of silence before a ping. */
const TICKS = 4;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** How long the system may take for a farewell (ms). */
const FAREWELL_MS = 1_000;
const NORMAL = 1000;
/** What RFC 6455 has for a close without a code. */
const NO_CODE = 1005;

/** The client's end of a WebSocket. */
export class ClientSocket implements AsyncDisposable {
  /** The subprotocol that was agreed on; `""` if none. */
  readonly protocol: string;
  /** Resolves when the connection has ended, however; never rejects. */
  readonly closed: Promise<void>;
  readonly #conn: ByteConnection;
  readonly #sender: FrameSender;
  readonly #decoder: FrameDecoder;
  readonly #assembler: MessageAssembler;
  readonly #pingInterval: number;
  readonly #toError: (error: unknown) => Error;
  readonly #setClosed: () => void;
  #frames: Frame[] = [];
  #nextFrame = 0;
  #head?: Uint8Array;
  #ended = false;
  #failure?: Error;
  #closeCode?: number;
  #closeReason?: string;

  /** Takes a connection over after its handshake. */
  constructor(conn: ByteConnection, options: ClientSocketOptions) {
    const { protocol, head, maxMessage = MAX_MESSAGE_BYTES, sendTimeout: timeout } = options;
    this.#conn = conn;
    this.protocol = protocol;
    this.#head = head;
    this.#pingInterval = options.pingInterval ?? PING_INTERVAL_MS;
    this.#decoder = new FrameDecoder(maxMessage);
    this.#assembler = new MessageAssembler(maxMessage);
    const toError = options.toError ?? ((error) => error as Error);
    this.#toError = toError;
    this.#sender = new FrameSender(conn, {
      timeout,
      onStuck: () =>
        this.abort(toError(new Deno.errors.TimedOut(`nothing could be sent for ${timeout} ms`))),
      // what the server sent before it went can still be read
      toError: (error) => this.#failure ?? toError(this.#ended ? wasClosed() : error),
    });
    ({ promise: this.closed, resolve: this.#setClosed } = Promise.withResolvers<void>());
  }

  /** The code with which the server closed, 1005 if it gave none; undefined if it did not close. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  /** What the server said when it closed; undefined if it did not close. */
  get closeReason(): string | undefined {
    return this.#closeReason;
  }

  /** Bytes of what was sent that the system has not taken yet. */
  get buffered(): number {
    return this.#sender.buffered;
  }

  /**
   * The next message, one call at a time: a string if it came as text, else bytes; undefined when the
   * socket was closed, by whom ever. Rejects when the connection breaks, and with the reason of
   * `abort()`.
   */
  async receive(): Promise<string | Uint8Array | undefined> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure;
        if (this.#ended) return undefined;
        if (this.#nextFrame < this.#frames.length) {
          const taken = this.#take(this.#frames[this.#nextFrame++]!);
          const message = taken instanceof Promise ? await taken : taken;
          if (message !== undefined) return message;
          continue;
        }
        const bytes = await this.#read();
        if (bytes === undefined) throw wasClosed();
        this.#frames = this.#decoder.push(bytes);
        this.#nextFrame = 0;
      }
    } catch (error) {
      if (this.#ended && !this.#failure) return undefined; // closed here meanwhile
      this.#failure ??= this.#toError(error);
      this.#end();
      throw this.#failure;
    }
  }

  /**
   * Sends a string as text, bytes as a binary message; resolves when the system has taken it, which it
   * does not while the server reads nothing. The bytes can be changed again at once.
   */
  send(message: string | Uint8Array): Promise<void> {
    return this.#write(typeof message === "string" ? OPCODES.text : OPCODES.binary, message);
  }

  /**
   * Says farewell after what was sent, if the system takes it within a second, and closes the
   * connection. The server's answer is not waited for.
   * @param code 1000, or one of 3000 to 4999
   * @param reason up to 123 bytes
   */
  async close(code: number = NORMAL, reason: string = ""): Promise<void> {
    await this.#farewell(closePayload(code, reason));
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
    let ticks = 0;
    const timer = setInterval(() => {
      ticks++;
      if (ticks === TICKS) this.#write(OPCODES.ping, "").catch(() => {}); // the read tells it
      if (ticks < 2 * TICKS) return;
      const message = `no sign of life for ${2 * this.#pingInterval} ms`;
      this.abort(this.#toError(new Deno.errors.TimedOut(message)));
    }, this.#pingInterval / TICKS);
    try {
      return await this.#conn.read();
    } finally {
      clearInterval(timer);
    }
  }

  /** The message that a frame completes, if any. Waits only for what must be answered. */
  #take(frame: Frame): Message | undefined | Promise<undefined> {
    switch (frame.opcode) {
      case OPCODES.ping:
        return this.#write(OPCODES.pong, frame.payload).then(() => undefined);
      case OPCODES.pong:
        return undefined;
      case OPCODES.close:
        return this.#takeClose(frame.payload);
      default:
        return this.#assembler.take(frame);
    }
  }

  async #takeClose(payload: Uint8Array): Promise<undefined> {
    this.#closeCode = payload.length < 2 ? NO_CODE : payload[0]! << 8 | payload[1]!;
    this.#closeReason = new TextDecoder().decode(payload.subarray(2));
    await this.#farewell(payload.subarray(0, 2));
    return undefined;
  }

  async #farewell(payload: Uint8Array): Promise<void> {
    if (!this.#ended) {
      const said = this.#write(OPCODES.close, payload).catch(() => {});
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FAREWELL_MS);
      });
      await Promise.race([said, late, this.closed]);
      clearTimeout(timer);
    }
    this.#end();
  }

  #write(opcode: number, payload: Message): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.reject(this.#toError(wasClosed()));
    return this.#sender.send(opcode, payload);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#conn.close();
    this.#sender.end(this.#failure ?? this.#toError(wasClosed()));
    this.#setClosed();
  }
}

function wasClosed(): Error {
  return new Error("the connection was closed");
}

function closePayload(code: number, reason: string): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff, ...new TextEncoder().encode(reason));
}
