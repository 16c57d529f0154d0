const LINE_FEED = 10;

/** A line grew past the bound that was set for it. */
export class LineTooLongError extends Error {
  /** Bytes that a line may have. */
  readonly limit: number;

  /** Makes the error of a line that passed `limit`. */
  constructor(limit: number) {
    super(`Cannot read a line: it is longer than ${limit} bytes`);
    this.name = "LineTooLongError";
    this.limit = limit;
  }
}

/**
 * Cuts a stream of bytes into lines without decoding it, so that a character split between
 * two chunks stays whole. A line within one chunk is a view of that chunk, not a copy; a line
 * over several chunks is joined once, when its end has come.
 */
export class LineSplitter {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param limit Bytes that a line may have before {@linkcode LineTooLongError} is thrown. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes after the last line feed: more than 0 at the end of a stream is a cut line. */
  get pending(): number {
    return this.#length;
  }

  /** Calls `onLine` with each line that `chunk` ends, without its line feed; skips empty ones. */
  push(chunk: Uint8Array, onLine: (line: Uint8Array) => void): void {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      const part = chunk.subarray(start, end);
      start = end + 1;
      this.#check(part);
      const line = this.#length === 0 ? part : this.#join(part);
      if (line.length > 0) onLine(line);
    }
    if (start < chunk.length) {
      const rest = start === 0 ? chunk : chunk.subarray(start);
      this.#check(rest);
      this.#parts.push(rest);
      this.#length += rest.length;
    }
  }

  #check(part: Uint8Array): void {
    if (this.#length + part.length > this.#limit) throw new LineTooLongError(this.#limit);
  }

  #join(last: Uint8Array): Uint8Array {
    const line = new Uint8Array(this.#length + last.length);
    let offset = 0;
    for (const part of this.#parts) {
      line.set(part, offset);
      offset += part.length;
    }
    line.set(last, offset);
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
