import type { TextSink } from "../wire/message_writer.ts";

/** A connection of text messages both ways, whatever it is made of. */
export interface MessageSocket extends TextSink {
  /** Sends a message after those before it; once the socket has ended, nothing. */
  send(message: string): void;
  /** Bytes that were sent and that the system has not taken yet; 0 after the end. */
  readonly queuedBytes: number;
  /** Resolves when at most 64 KiB are queued, or the socket has ended; never rejects. */
  drained(): Promise<void>;
  /**
   * Sets who hears messages, in order, in place of who did so far. Those that came before the first
   * one are handed on at once.
   */
  onMessage(hear: (message: string) => void): void;
  /** Ends it after what was sent, with a farewell; within 5 s, also when the other side takes nothing. */
  close(): void;
  /** Ends it at once. */
  abort(): void;
  /**
   * Resolves once it has ended, with what broke it if something did, after all messages were handed
   * on. Never rejects.
   */
  readonly closed: Promise<Error | undefined>;
}

/** The subprotocol of WebSockets that channels are made over. */
export const SUBPROTOCOL = "troupe.v1";
/** The path at which a worker accepts them. */
export const MESSAGES_PATH = "/troupe/messages";
/** Bytes that may be queued when a socket counts as drained. */
export const DRAINED_BYTES = 64 * 1024;
/** Milliseconds that a farewell may take. */
export const CLOSE_MS = 5_000;
