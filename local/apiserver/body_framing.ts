/** Where an HTTP/1.1 body ends: by length, by chunks, or with its connection. */
import { concat } from "./stored.ts";

/** Takes the bytes of a connection and gives those of the body. */
export interface BodyFraming {
  /** Whether the body is complete. */
  readonly done: boolean;
  /** Whether only the end of the connection is the end of the body. */
  readonly endsWithConnection: boolean;
  /** The body's part of what came; throws a RangeError for what is no such body. */
  push(bytes: Uint8Array): Uint8Array[];
}

/** The framing that an answer's code and headers ask for. */
export function framingOf(code: number, headers: Headers): BodyFraming {
  if (code === 204 || code === 304) return byLength(0);
  if (/\bchunked\b/i.test(headers.get("transfer-encoding") ?? "")) return byChunks();
  const length = headers.get("content-length");
  return length === null ? untilClose() : byLength(Number(length));
}

function byLength(length: number): BodyFraming {
  let left = length;
  return {
    endsWithConnection: false,
    get done() {
      return left <= 0;
    },
    push(bytes) {
      const part = bytes.subarray(0, left);
      left -= part.length;
      return part.length > 0 ? [part] : [];
    },
  };
}

function untilClose(): BodyFraming {
  return { done: false, endsWithConnection: true, push: (bytes) => [bytes] };
}

/** `size in hex CRLF data CRLF`, again and again; size 0 is the end, what trails is dropped. */
function byChunks(): BodyFraming {
  let rest: Uint8Array = new Uint8Array();
  /** Bytes of the present chunk that are still to come; then its CRLF. */
  let left = 0;
  let inData = false;
  let done = false;
  return {
    endsWithConnection: false,
    get done() {
      return done;
    },
    push(bytes) {
      const parts: Uint8Array[] = [];
      let at = 0;
      const input = rest.length > 0 ? concat([rest, bytes]) : bytes;
      while (!done) {
        if (inData && left > 0) {
          const part = input.subarray(at, at + left);
          if (part.length === 0) break;
          parts.push(part);
          at += part.length;
          left -= part.length;
          continue;
        }
        const end = input.indexOf(10, at);
        if (end < 0) break;
        const line = new TextDecoder().decode(input.subarray(at, end)).trim();
        at = end + 1;
        if (inData) inData = false;
        else {
          if (!/^[0-9a-f]{1,8}(;.*)?$/i.test(line)) throw new RangeError(`bad chunk "${line}"`);
          left = parseInt(line, 16);
          inData = true;
          done = left === 0;
        }
      }
      rest = done ? new Uint8Array() : input.slice(at);
      return parts;
    },
  };
}
