/**
 * Reading a container's log from disk, while it is written or later.
 *
 * A log lies in one file, or in two once the first was full (`log_file.ts`); they are read as one.
 * A follower waits for the writer's word instead of polling, and goes on with the next file when
 * the writer does; one that is slower than the writer by more than a file misses what was in
 * between. It ends when the writer closes, when its signal aborts or when its consumer stops
 * iterating.
 */
import { type LogWriter, olderPath } from "./log_file.ts";
import { decodeLine, type LogLine } from "./log_lines.ts";

/** Reads are done in blocks of this size. */
const BLOCK_BYTES = 64 * 1024;
const LF = 10;

/** The lines of a log from the last `tailLines` on; follows `writer` when one is given. */
export async function* readLog(
  path: string,
  options: { tailLines?: number; writer?: LogWriter; signal?: AbortSignal } = {},
): AsyncGenerator<LogLine> {
  const { tailLines, writer, signal } = options;
  let turns = writer?.turns ?? 0;
  // All are opened at once, before the writer can turn to another.
  let files = openLog(path, { older: true });
  try {
    if (tailLines !== undefined) seekToTail(files, tailLines);
    const block = new Uint8Array(BLOCK_BYTES);
    let rest: Uint8Array = new Uint8Array(0);
    for (;;) {
      // Looked at before the read: what is written after it wakes `appended`, or closes the writer.
      const last = writer === undefined || writer.closed;
      const size = files[0]!.readSync(block);
      if (size === null || size === 0) {
        if (files.length === 1 && writer !== undefined && writer.turns > turns) {
          files.push(...openLog(path, { older: writer.turns > turns + 1 }));
          turns = writer.turns;
        }
        if (files.length > 1) {
          files.shift()!.close();
          continue;
        }
        if (last || signal?.aborted) return;
        await writer.appended(signal);
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
  } finally {
    for (const file of files) file.close();
    files = [];
  }
}

/** Opens a log's files, oldest first. */
function openLog(path: string, { older }: { older: boolean }): Deno.FsFile[] {
  const newest = Deno.openSync(path, { read: true });
  if (!older) return [newest];
  try {
    return [Deno.openSync(olderPath(path), { read: true }), newest];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [newest];
    newest.close();
    throw error;
  }
}

/** Moves to the start of the last `lines` lines; files before it are closed and removed. */
function seekToTail(files: Deno.FsFile[], lines: number): void {
  let left = lines;
  for (let i = files.length - 1; i >= 0; i--) {
    left -= seekBack(files[i]!, left);
    if (left > 0) continue;
    for (const file of files.splice(0, i)) file.close();
    return;
  }
}

/** Moves a file to the start of its last `lines` lines; returns how many of them it has. */
function seekBack(file: Deno.FsFile, lines: number): number {
  let position = file.seekSync(0, Deno.SeekMode.End);
  const block = new Uint8Array(BLOCK_BYTES);
  let seen = 0;
  if (lines <= 0) return 0;
  while (position > 0) {
    const size = Math.min(BLOCK_BYTES, position);
    position -= size;
    file.seekSync(position, Deno.SeekMode.Start);
    const got = file.readSync(block.subarray(0, size)) ?? 0;
    for (let i = got - 1; i >= 0; i--) {
      // The line feed that ends the file ends the last line; each one before it starts one.
      if (block[i] === LF && seen++ === lines) {
        file.seekSync(position + i + 1, Deno.SeekMode.Start);
        return lines;
      }
    }
  }
  file.seekSync(0, Deno.SeekMode.Start);
  return seen;
}
