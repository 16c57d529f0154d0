/**
 * Container logs as lines: how a line lies in the file (the format that Kubernetes' container
 * runtimes write: `<time> <stream> <F|P> <text>`), and what `kubectl logs` may ask of it.
 */

/** What part of a log is wanted, and how. */
export interface LogOptions {
  /** Only the last so many lines. */
  readonly tailLines?: number;
  /** Only lines written at or after this time. */
  readonly since?: Date;
  /** Puts the time before each line. */
  readonly timestamps?: boolean;
  /** Ends after so many bytes of output. */
  readonly limitBytes?: number;
  /** Goes on with what is written later, until the container ends. */
  readonly follow?: boolean;
  /** Stops a followed log. */
  readonly signal?: AbortSignal;
}

/** One line of a log, or a piece of a long one. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** Text without time, with its line feed unless `partial`. */
  readonly text: Uint8Array;
}

const LF = 10;
const SPACE = 32;
const PARTIAL = 80; // "P"
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Times that never repeat: milliseconds of the wall clock, and a count within one of them. */
export class LogTimes {
  #last = 0;
  #count = 0;

  /** The next time, as RFC 3339 with nanoseconds. */
  next(now: number = Date.now()): string {
    if (now > this.#last) {
      this.#last = now;
      this.#count = 0;
    } else this.#count++;
    const nanos = String(Math.min(this.#count, 999_999)).padStart(6, "0");
    return new Date(this.#last).toISOString().replace("Z", `${nanos}Z`);
  }
}

/** The bytes of a line in a log file. */
export function encodeLine(
  text: Uint8Array,
  options: { time: string; stream: "stdout" | "stderr"; partial: boolean },
): Uint8Array {
  const head = encoder.encode(`${options.time} ${options.stream} ${options.partial ? "P" : "F"} `);
  const line = new Uint8Array(head.length + text.length + 1);
  line.set(head);
  line.set(text, head.length);
  line[line.length - 1] = LF;
  return line;
}

/** Reads back what {@linkcode encodeLine} wrote, without the final line feed; undefined if it is none. */
export function decodeLine(line: Uint8Array): LogLine | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first < 0 || second < 0 || line[second + 2] !== SPACE) return undefined;
  const time = decoder.decode(line.subarray(0, first));
  const text = line.subarray(second + 3);
  if (line[second + 1] === PARTIAL) return { time, text };
  const whole = new Uint8Array(text.length + 1);
  whole.set(text);
  whole[text.length] = LF;
  return { time, text: whole };
}

/** Cuts a stream of bytes into lines; a line longer than `limit` comes in pieces. */
export class LineCutter {
  #rest: Uint8Array = new Uint8Array(0);
  #limit: number;

  /** Pieces are at most `limit` bytes; 16 KiB is what container runtimes use. */
  constructor(limit: number = 16 * 1024) {
    this.#limit = limit;
  }

  /** The lines that `chunk` completes. */
  push(chunk: Uint8Array): { text: Uint8Array; partial: boolean }[] {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const lines: { text: Uint8Array; partial: boolean }[] = [];
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      const stop = end < 0 ? bytes.length : end;
      while (stop - start > this.#limit) {
        lines.push({ text: bytes.subarray(start, start + this.#limit), partial: true });
        start += this.#limit;
      }
      if (end < 0) break;
      lines.push({ text: bytes.subarray(start, end), partial: false });
      start = end + 1;
    }
    this.#rest = bytes.slice(start);
    return lines;
  }

  /** What is left when the stream ends without a line feed. */
  flush(): { text: Uint8Array; partial: boolean }[] {
    const text = this.#rest;
    this.#rest = new Uint8Array(0);
    return text.length > 0 ? [{ text, partial: true }] : [];
  }
}

/** Turns lines into the bytes that `kubectl logs` prints; ends the source when it has enough. */
export function formatLog(
  lines: AsyncIterable<LogLine>,
  options: LogOptions,
): ReadableStream<Uint8Array> {
  return ReadableStream.from(format(lines, options));
}

async function* format(
  lines: AsyncIterable<LogLine>,
  options: LogOptions,
): AsyncGenerator<Uint8Array> {
  let left = options.limitBytes ?? Infinity;
  let atLineStart = true;
  const since = options.since?.toISOString().replace("Z", "");
  for await (const line of lines) {
    if (since !== undefined && line.time < since) continue;
    const head = options.timestamps && atLineStart ? encoder.encode(`${line.time} `) : undefined;
    atLineStart = line.text[line.text.length - 1] === LF;
    for (const part of head === undefined ? [line.text] : [head, line.text]) {
      if (left <= 0) return;
      const piece = part.length > left ? part.subarray(0, left) : part;
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
    if (left <= 0) return;
  }
}
