/**
 * Log files on disk, and reading them while they are written.
 *
 * `LogWriter` is the only writer of a file and tells its followers of each append; `readLog`
 * reads from the file only, and waits for that word instead of polling. A follower ends when the
 * writer closes, when its signal aborts or when its consumer stops iterating.
 */
import { decodeLine, encodeLine, LineCutter, type LogLine, LogTimes } from "./log_lines.ts";

/** Reads are done in blocks of this size. */
const BLOCK_BYTES = 64 * 1024;
const LF = 10;

/** Writes one container's log. */
export class LogWriter {
  #file: Deno.FsFile;
  #times = new LogTimes();
  #waiting = new Set<() => void>();
  #closed = false;

  /** Creates the file; its folder must be there. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, write: true, append: true });
  }

  /** Whether no more will be written. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Copies a process's output until its end; bytes of one chunk reach the file in one write. */
  async copy(source: ReadableStream<Uint8Array>, stream: "stdout" | "stderr"): Promise<void> {
    const cutter = new LineCutter();
    for await (const chunk of source) this.#write(cutter.push(chunk), stream);
    this.#write(cutter.flush(), stream);
  }

  /** Resolves at the next append or at the close; at once when `signal` aborts. */
  appended(signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Ends the file and its followers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
    this.#wake();
  }

  #write(lines: { text: Uint8Array; partial: boolean }[], stream: "stdout" | "stderr"): void {
    if (lines.length === 0 || this.#closed) return;
    const encoded = lines.map(({ text, partial }) =>
      encodeLine(text, { time: this.#times.next(), stream, partial })
    );
    const bytes = new Uint8Array(encoded.reduce((sum, line) => sum + line.length, 0));
    let offset = 0;
    for (const line of encoded) {
      bytes.set(line, offset);
      offset += line.length;
    }
    for (let done = 0; done < bytes.length;) {
      done += this.#file.writeSync(bytes.subarray(done));
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** The lines of a log file from the last `tailLines` on; follows `writer` when one is given. */
export async function* readLog(
  path: string,
  options: { tailLines?: number; writer?: LogWriter; signal?: AbortSignal } = {},
): AsyncGenerator<LogLine> {
  using file = Deno.openSync(path, { read: true });
  if (options.tailLines !== undefined) seekToTail(file, options.tailLines);
  const block = new Uint8Array(BLOCK_BYTES);
  let rest: Uint8Array = new Uint8Array(0);
  for (;;) {
    // Looked at before the read: what is written after it wakes `appended`, or closes the writer.
    const last = options.writer === undefined || options.writer.closed;
    const size = file.readSync(block);
    if (size === null || size === 0) {
      if (last || options.signal?.aborted) return;
      await options.writer!.appended(options.signal);
      continue;
    }
    const bytes = new Uint8Array(rest.length + size);
    bytes.set(rest);
    bytes.set(block.subarray(0, size), rest.length);
    let start = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
      const line = decodeLine(bytes.subarray(start, end));
      start = end + 1;
      if (line !== undefined) yield line;
    }
    rest = bytes.slice(start);
  }
}

/** Moves a file to the start of its last `lines` lines, reading backwards in blocks. */
function seekToTail(file: Deno.FsFile, lines: number): void {
  let position = file.seekSync(0, Deno.SeekMode.End);
  const block = new Uint8Array(BLOCK_BYTES);
  let seen = 0;
  if (lines <= 0) return;
  while (position > 0) {
    const size = Math.min(BLOCK_BYTES, position);
    position -= size;
    file.seekSync(position, Deno.SeekMode.Start);
    const got = file.readSync(block.subarray(0, size)) ?? 0;
    for (let i = got - 1; i >= 0; i--) {
      // The line feed that ends the file ends the last line; each one before it starts one.
      if (block[i] === LF && seen++ === lines) {
        file.seekSync(position + i + 1, Deno.SeekMode.Start);
        return;
      }
    }
  }
  file.seekSync(0, Deno.SeekMode.Start);
}
