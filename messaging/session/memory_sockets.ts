/** Two ends of a connection that stays in memory, for tests, with what goes wrong with real ones. */
import { DRAINED_BYTES, type MessageSocket } from "./message_socket.ts";

/** One end of {@linkcode memorySockets}. */
export class MemorySocket implements MessageSocket {
  readonly closed: Promise<Error | undefined>;
  /** All that was sent here. */
  readonly sent: string[] = [];
  /** Changes what is sent on its way, or swallows it. */
  tamper?: (message: string) => string | undefined;
  readonly #setClosed: (error: Error | undefined) => void;
  #other!: MemorySocket;
  #hear?: (message: string) => void;
  /** Messages on their way to here; `undefined` is the farewell. */
  #coming: (string | undefined)[] = [];
  #comingBytes = 0;
  #drained: (() => void)[] = [];
  #scheduled = false;
  #stalled = false;
  #ended = false;
  #closing = false;

  /** Made by {@linkcode memorySockets}. */
  constructor() {
    ({ promise: this.closed, resolve: this.#setClosed } = Promise.withResolvers());
  }

  /** Ties two ends to each other. */
  static tie(one: MemorySocket, other: MemorySocket): void {
    one.#other = other;
    other.#other = one;
  }

  get queuedBytes(): number {
    return this.#ended ? 0 : this.#other.#comingBytes;
  }

  send(message: string): void {
    if (this.#ended || this.#closing) return;
    this.sent.push(message);
    const changed = this.tamper ? this.tamper(message) : message;
    if (changed !== undefined) this.#other.#take(changed);
  }

  drained(): Promise<void> {
    if (this.queuedBytes <= DRAINED_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  onMessage(hear: (message: string) => void): void {
    this.#hear = hear;
    this.#schedule();
  }

  close(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    this.#other.#take(undefined);
    this.#end(undefined);
  }

  abort(): void {
    this.#end(undefined); // the other end only finds out by silence
  }

  /** Breaks the connection, as both ends see it. */
  cut(): void {
    const error = new Error("the connection was cut");
    this.#end(error);
    this.#other.#end(error);
  }

  /** Hands on nothing more of what comes here, as a process or a network does that stands still. */
  stall(): void {
    this.#stalled = true;
  }

  /** Ends {@linkcode stall}. */
  resume(): void {
    this.#stalled = false;
    this.#schedule();
  }

  #take(message: string | undefined): void {
    if (this.#ended) return;
    this.#coming.push(message);
    this.#comingBytes += message?.length ?? 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#stalled || !this.#hear || this.#coming.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    if (this.#stalled || this.#ended) return;
    const message = this.#coming.shift();
    if (message === undefined) return this.#end(undefined);
    this.#comingBytes -= message.length;
    this.#hear!(message);
    if (this.#comingBytes <= DRAINED_BYTES) this.#other.#release();
    this.#schedule();
  }

  #release(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#coming = [];
    this.#comingBytes = 0;
    this.#release();
    this.#other.#release();
    this.#setClosed(error);
  }
}

/** Two ends of a connection: what is sent at one is heard at the other. */
export function memorySockets(): [MemorySocket, MemorySocket] {
  const ends: [MemorySocket, MemorySocket] = [new MemorySocket(), new MemorySocket()];
  MemorySocket.tie(...ends);
  return ends;
}
