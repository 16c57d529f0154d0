import { isLonger } from "../wire/bounds.ts";
import { WireError } from "../wire/wire_error.ts";
import type { MessageSocket } from "./message_socket.ts";

/** What an {@linkcode Inbox} takes. */
export interface InboxOptions {
  /** Messages that may wait. */
  messages: number;
  /** Bytes of one. */
  bytes: number;
  /** Milliseconds that it may take. */
  deadline: number;
  /** Ends it with its reason. */
  signal?: AbortSignal;
}

/**
 * Hands on a socket's messages one by one, as long as its handshake goes on, all of which has a
 * deadline.
 */
export class Inbox {
  readonly #failed: Promise<never>;
  readonly #setFailed: (error: Error) => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#fail(this.#signal!.reason);
  #failure?: Error;
  #waiting: string[] = [];
  #reader?: (message: string) => void;

  /** Listens to a socket, for at most `deadline` ms, or until the signal. */
  constructor(
    socket: MessageSocket,
    { messages, bytes, deadline, signal }: InboxOptions,
  ) {
    ({ promise: this.#failed, reject: this.#setFailed } = Promise.withResolvers<never>());
    this.#failed.catch(() => {}); // reads tell it
    this.#timer = setTimeout(
      () => this.#fail(new Error(`the handshake was not over after ${deadline} ms`)),
      deadline,
    );
    this.#signal = signal;
    if (signal?.aborted) this.#abort();
    signal?.addEventListener("abort", this.#abort, { once: true });
    socket.closed.then((error) =>
      this.#fail(error ?? new Error("the connection was closed during the handshake"))
    );
    socket.onMessage((message) => {
      const reader = this.#reader;
      this.#reader = undefined;
      if (isLonger(message, bytes)) {
        this.#fail(new WireError("limit", `a message has more than ${bytes} bytes`));
      } else if (reader) reader(message);
      else if (this.#waiting.length < messages) this.#waiting.push(message);
      else this.#fail(new WireError("protocol", "more messages came than the handshake has"));
    });
  }

  /** The next message; rejects when there will be none, or none in time. */
  next(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const message = this.#waiting.shift();
    if (message === undefined) this.#reader = resolve;
    else resolve(message);
    return Promise.race([this.#failed, promise]);
  }

  /**
   * Ends the deadline, and returns what was not read; whatever comes from now on is the caller's.
   *
   * @throws {Error} when it has failed before
   */
  release(): string[] {
    if (this.#failure) throw this.#failure;
    this.stop();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** Ends the deadline. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#setFailed(error);
    this.stop();
  }
}
