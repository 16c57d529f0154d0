/** A line of a log. */
export interface LogLine {
  /** Without its line feed. A line of more than 1 MiB comes as several. */
  readonly text: string;
  /** When it was written, if times were asked for and the server told one. */
  readonly time?: Date;
}

/** When a line was written, to the nanosecond. */
export interface LogTime {
  /** Seconds since 1970. */
  readonly second: number;
  /** Nine digits. */
  readonly nanos: string;
}

/** A line as it was read. */
export interface StampedLine {
  readonly text: string;
  /** None if the line begins with no time: then it is not of the container, but of its node. */
  readonly time?: LogTime;
}

/** Bytes of a line, time included, after which it is split. */
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 10;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
const decoder = new TextDecoder();

/** Cuts bytes into lines that begin with their time. */
export class LogLineReader {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Time of the line whose first piece is out already. */
  #split?: { time?: LogTime };

  /** @param limit Bytes after which a line is split. */
  constructor(limit: number = MAX_LINE_BYTES) {
    this.#limit = limit;
  }

  /** The lines that `chunk` completes. */
  push(chunk: Uint8Array): StampedLine[] {
    const lines: StampedLine[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      this.#add(chunk.subarray(start, end < 0 ? undefined : end), lines);
      if (end < 0) return lines;
      lines.push(this.#line(this.#taken()));
      this.#split = undefined;
      start = end + 1;
    }
  }

  /** The last line, if no line feed ended it. */
  flush(): StampedLine[] {
    return this.#length > 0 ? [this.#line(this.#taken())] : [];
  }

  #add(bytes: Uint8Array, lines: StampedLine[]): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length <= this.#limit) return;
    let rest = this.#taken();
    while (rest.length > this.#limit) {
      const cut = characterStart(rest, this.#limit);
      const line = this.#line(rest.subarray(0, cut));
      this.#split ??= { time: line.time };
      lines.push(line);
      rest = rest.subarray(cut);
    }
    this.#parts = [rest];
    this.#length = rest.length;
  }

  #taken(): Uint8Array {
    const [first] = this.#parts;
    let all = first ?? new Uint8Array();
    if (this.#parts.length > 1) {
      all = new Uint8Array(this.#length);
      let offset = 0;
      for (const part of this.#parts) {
        all.set(part, offset);
        offset += part.length;
      }
    }
    this.#parts = [];
    this.#length = 0;
    return all;
  }

  #line(bytes: Uint8Array): StampedLine {
    const text = decoder.decode(bytes);
    if (this.#split) return { text, time: this.#split.time };
    const space = text.indexOf(" ");
    const time = parseLogTime(space < 0 ? text : text.slice(0, space));
    if (!time) return { text };
    return { text: space < 0 ? "" : text.slice(space + 1), time };
  }
}

/** Where to cut so that no character is: at `at`, or up to three bytes before it. */
function characterStart(bytes: Uint8Array, at: number): number {
  let cut = at;
  while (cut > at - 3 && (bytes[cut]! & 0xc0) === 0x80) cut--;
  return cut;
}

/** Reads a time as container runtimes write it: RFC 3339 with up to nine digits, in any zone. */
export function parseLogTime(text: string): LogTime | undefined {
  const [, base, fraction = "", zone] = STAMP.exec(text) ?? [];
  if (!base) return undefined;
  const second = Date.parse(base + zone) / 1000;
  return Number.isNaN(second) ? undefined : { second, nanos: fraction.padEnd(9, "0") };
}

/** As a Date, which has milliseconds. */
export function toDate({ second, nanos }: LogTime): Date {
  return new Date(second * 1000 + Number(nanos.slice(0, 3)));
}
