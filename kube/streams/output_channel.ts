/** Bytes of a channel that may wait for their reader; then the connection is not read either. */
const HIGH_WATER_BYTES = 256 * 1024;

/** One output of a command: what came for it waits here for its reader. */
export class OutputChannel {
  /** What the reader gets. To cancel it is to want no more of it: the rest is thrown away. */
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #room = Promise.withResolvers<void>();
  #over = false;
  #released = false;

  /** Begins empty. */
  constructor() {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#room.resolve(),
      cancel: () => {
        this.#over = true;
        this.#room.resolve();
      },
    }, { highWaterMark: HIGH_WATER_BYTES, size: (chunk) => chunk.length });
  }

  /** Resolves when there is room for more. */
  async push(bytes: Uint8Array): Promise<void> {
    if (this.#over || bytes.length === 0) return;
    this.#controller.enqueue(bytes);
    if (this.#released || this.#controller.desiredSize! > 0) return;
    this.#room = Promise.withResolvers();
    await this.#room.promise;
  }

  /** From now on nothing waits for room: no more than what has come already will. */
  release(): void {
    this.#released = true;
    this.#room.resolve();
  }

  /** Ends what the reader gets, with an error if there was one. */
  end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    if (error) this.#controller.error(error);
    else this.#controller.close();
    this.#room.resolve();
  }
}
