import type { Json } from "../wire/frame.ts";

/**
 * Items of a stream that may be on their way or unread, for each stream. Enough that a reader on the
 * other side of a network never waits, few enough that a worker does not run ahead of a slow one.
 */
export const STREAM_WINDOW = 32;

/** What a {@linkcode StreamReader} needs of who made it. */
export interface StreamSource {
  /** Begins the stream: called once, when it is first read. */
  begin(reader: StreamReader): void;
  /** Lets so many more items come; false if there is nobody to tell it, until `resumed`. */
  more(credit: number): boolean;
  /** The reader has left. */
  cancel(): void;
}

interface Waiting {
  resolve(result: IteratorResult<Json | undefined>): void;
  reject(reason: unknown): void;
}

/** The caller's end of a stream: keeps what has come until it is read, and asks for more by halves. */
export class StreamReader implements AsyncIterableIterator<Json | undefined> {
  readonly #source: StreamSource;
  #begun = false;
  #received = 0;
  /** The number of the last item that may come. */
  #granted = STREAM_WINDOW;
  #unread: (Json | undefined)[] = [];
  #waiting: Waiting[] = [];
  #over: { error?: unknown; failed: boolean } | undefined;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  /** How many items have come, in order. */
  get received(): number {
    return this.#received;
  }

  /** Takes an item; one that came before is passed over. Returns false if one is missing before it. */
  push(n: number, item: Json | undefined): boolean {
    if (n <= this.#received || this.#over) return true;
    if (n !== this.#received + 1) return false;
    this.#received = n;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#unread.push(item);
    else {
      waiting.resolve({ value: item, done: false });
      this.#topUp(STREAM_WINDOW / 2);
    }
    return true;
  }

  /** No item follows. */
  end(): void {
    this.#finish({ failed: false });
  }

  /** No item follows, as it failed; what has come before is still read. */
  fail(error: unknown): void {
    this.#finish({ failed: true, error });
  }

  /** Like `fail`, for what the reader's own side wants: it is told at once. */
  abort(error: unknown): void {
    this.#unread = [];
    this.fail(error);
  }

  /** The worker has been told how many items have come, by which it takes back what credit it had. */
  resumed(): void {
    this.#granted = this.#received;
    this.#topUp(STREAM_WINDOW);
  }

  /** The stream begins anew, as the worker never heard of it. */
  begunAnew(): void {
    this.#granted = STREAM_WINDOW;
  }

  next(): Promise<IteratorResult<Json | undefined>> {
    if (!this.#begun) {
      this.#begun = true;
      if (!this.#over) this.#source.begin(this);
    }
    if (this.#unread.length > 0) {
      const value = this.#unread.shift();
      this.#topUp(STREAM_WINDOW / 2);
      return Promise.resolve({ value, done: false });
    }
    if (!this.#over) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    if (!this.#over.failed) return Promise.resolve({ value: undefined, done: true });
    const { error } = this.#over;
    this.#over = { failed: false }; // it is told once
    return Promise.reject(error);
  }

  return(): Promise<IteratorResult<Json | undefined>> {
    if (!this.#over) {
      if (this.#begun) this.#source.cancel();
      this.#finish({ failed: false });
    }
    this.#over = { failed: false };
    this.#unread = [];
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #topUp(threshold: number): void {
    if (this.#over) return;
    const consumed = this.#received - this.#unread.length;
    const credit = consumed + STREAM_WINDOW - this.#granted;
    if (credit <= 0 || this.#granted - consumed > threshold) return;
    if (this.#source.more(credit)) this.#granted += credit;
  }

  #finish(over: { error?: unknown; failed: boolean }): void {
    if (this.#over) return;
    this.#over = over;
    const [first, ...others] = this.#waiting.splice(0);
    if (over.failed && first) {
      this.#over = { failed: false };
      first.reject(over.error);
    } else first?.resolve({ value: undefined, done: true });
    for (const waiting of others) waiting.resolve({ value: undefined, done: true });
  }
}
