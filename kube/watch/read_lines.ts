import { MalformedError } from "./failure.ts";
import { LineSplitter } from "./line_splitter.ts";

/** Bytes of a line: an object may have 1.5 MiB in etcd, and JSON may escape each of them. */
const LINE_LIMIT = 16 * 1024 * 1024;

/** Options of {@linkcode readLines}. */
export interface ReadLinesOptions {
  /** Ends the reading and cancels the stream. */
  signal: AbortSignal;
  /** Is called with each line, synchronously; what it throws ends the reading. */
  onLine: (line: Uint8Array) => void;
  /** Is called with each chunk, before its lines. */
  onChunk: () => void;
}

/**
 * Reads a stream line by line until it ends; then it is cancelled and unlocked, however it
 * ended. Rejects with a {@linkcode MalformedError} when the last line was cut, with what
 * `onLine` threw, with what the stream failed with, and with the signal's reason.
 */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  options: ReadLinesOptions,
): Promise<void> {
  const { signal, onLine, onChunk } = options;
  const reader = stream.getReader();
  const cancel = () => reader.cancel().catch(() => {}); // its errors came from read() already
  signal.addEventListener("abort", cancel, { once: true });
  const lines = new LineSplitter(LINE_LIMIT);
  try {
    signal.throwIfAborted();
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      onChunk();
      lines.push(value, onLine);
    }
    if (lines.pending === 0) return;
    throw new MalformedError(
      `Cannot decode the last line: it was cut after ${lines.pending} bytes`,
    );
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancel();
  }
}
