/**
 * Writing a container's log to disk.
 *
 * `LogWriter` is the only writer of a file and tells its followers of each append. A file that
 * reaches its limit becomes the older one, in place of the one before, and a new one is begun: what
 * a container ever writes, its log takes no more than twice the limit. See `read_log.ts` for how
 * both are read.
 */
import { encodeLine, LineCutter, LogTimes } from "./log_lines.ts";

/** Size that container runtimes, too, let a log file reach. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Path of the file that was full, beside the one that is being written. */
export function olderPath(path: string): string {
  return `${path}.1`;
}

/** Writes one container's log. */
export class LogWriter {
  #path: string;
  #file: Deno.FsFile;
  #limit: number;
  #size = 0;
  #turns = 0;
  #times = new LogTimes();
  #waiting = new Set<() => void>();
  #closed = false;

  /**
   * Creates the file; its folder must be there.
   *
   * @param limit Size (bytes) after which a new file is begun
   */
  constructor(path: string, limit: number = MAX_FILE_BYTES) {
    this.#path = path;
    this.#limit = limit;
    this.#file = Deno.openSync(path, { create: true, write: true, append: true });
    this.#size = this.#file.statSync().size;
  }

  /** How many times a new file was begun. */
  get turns(): number {
    return this.#turns;
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
    if (this.#size >= this.#limit) this.#turn();
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
    this.#size += bytes.length;
    this.#wake();
  }

  /** Begins a new file. */
  #turn(): void {
    this.#file.close();
    Deno.renameSync(this.#path, olderPath(this.#path));
    this.#file = Deno.openSync(this.#path, { create: true, write: true, append: true });
    this.#size = 0;
    this.#turns++;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
