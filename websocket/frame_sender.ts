/**
 * Writes a client's frames. The first one goes out at once; what is sent while a write is under way
 * goes out with the next, in one piece: one call of the system for one message, and for many that
 * come faster than the system takes them.
 */
import type { ByteConnection } from "./byte_connection.ts";
import { FrameBuffer } from "./frame_buffer.ts";

/** Frames that are written in one piece. */
interface Batch {
  readonly frames: FrameBuffer;
  readonly written: PromiseWithResolvers<void>;
}

/** Options of {@linkcode FrameSender}. */
export interface FrameSenderOptions {
  /** Milliseconds that the system may take for a batch before `onStuck`. @default without end */
  timeout?: number;
  /** Hears that it took longer. */
  onStuck?: () => void;
  /** Turns why a write failed into what its senders are told. */
  toError: (error: unknown) => Error;
}

/** See the module. */
export class FrameSender {
  readonly #conn: ByteConnection;
  readonly #options: FrameSenderOptions;
  #filling?: Batch;
  /** What is being written. */
  #current?: Batch;
  #spare?: FrameBuffer;
  #writing = 0;

  /** Sends over `conn`, to which nobody else may write. */
  constructor(conn: ByteConnection, options: FrameSenderOptions) {
    this.#conn = conn;
    this.#options = options;
  }

  /** Bytes that the system has not taken. */
  get buffered(): number {
    return this.#writing + (this.#filling?.frames.length ?? 0);
  }

  /** Sends a message; resolves when the system has taken it. `payload` can be used again at once. */
  send(opcode: number, payload: Uint8Array | string): Promise<void> {
    const idle = this.#writing === 0;
    const batch = this.#filling ??= {
      frames: this.#spare ?? new FrameBuffer(),
      written: Promise.withResolvers<void>(),
    };
    this.#spare = undefined;
    batch.frames.push(opcode, payload);
    if (idle) this.#flush();
    return batch.written.promise;
  }

  /** Rejects what is not written yet: on Deno 2.4 a write may outlast the closing of its connection. */
  end(error: Error): void {
    this.#current?.written.reject(error);
    this.#filling?.written.reject(error);
    this.#filling = undefined;
  }

  async #flush(): Promise<void> {
    while (this.#filling) {
      const { frames, written } = this.#current = this.#filling;
      this.#filling = undefined;
      this.#writing = frames.length;
      const { timeout, onStuck } = this.#options;
      const timer = timeout === undefined ? undefined : setTimeout(() => onStuck?.(), timeout);
      try {
        await this.#conn.write(frames.bytes);
        written.resolve();
      } catch (error) {
        written.reject(this.#options.toError(error));
      }
      clearTimeout(timer);
      frames.clear();
      this.#spare = frames;
    }
    this.#current = undefined;
    this.#writing = 0;
  }
}
