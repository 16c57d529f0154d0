/**
 * One HTTP/1.1 request over a connection of its own, whose answer is passed on as it comes.
 *
 * `fetch` cannot accept a kubelet's self-signed certificate, and `node:http` cannot leave an answer
 * that never ends on every runtime; a bare socket can do both. The connection ends with the
 * answer, with the reader's leaving, or with an error; a slow reader pauses it.
 */
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { type BodyFraming, framingOf } from "./body_framing.ts";
import { concat } from "./stored.ts";

/** What to send. */
export interface ForwardOptions {
  readonly method: string;
  readonly headers: Headers;
  /** Passed on as it comes; of the length that the headers say, or else in chunks. */
  readonly body?: ReadableStream<Uint8Array> | null;
  /** What the server is to be called. @default by the URL */
  readonly host?: string;
}

/** About one connection, not about the request. */
export const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "host",
  "te",
];
const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = [13, 10, 13, 10];

/** Sends a request; rejects when there is no answer. Certificates are not verified. */
export function forward(url: URL, options: ForwardOptions): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 443 : 80));
  const send = () => {
    socket.write(requestHead(url, options));
    if (options.body) sendBody(socket, options.body, isChunked(options));
  };
  const socket: Socket = secure
    ? connectSecurely({ host, port, rejectUnauthorized: false }, send)
    : connect({ host, port }, send);
  const answer = new Answer(socket, { resolve, bodiless: options.method === "HEAD" });
  socket.on("data", (data: Uint8Array) => answer.push(new Uint8Array(data)));
  socket.on("error", (error: Error) => {
    reject(error);
    answer.fail(error);
  });
  socket.on("close", () => {
    reject(new Error("the connection was closed before an answer"));
    answer.end();
  });
  return promise;
}

const NOTHING = new Uint8Array();

function requestHead(url: URL, options: ForwardOptions): Uint8Array {
  const { method, headers, body, host = url.host } = options;
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${host}`];
  for (const [key, value] of headers) {
    if (!HOP_BY_HOP.includes(key) && key !== "content-length") lines.push(`${key}: ${value}`);
  }
  if (isChunked(options)) lines.push("transfer-encoding: chunked");
  else if (body) lines.push(`content-length: ${headers.get("content-length")}`);
  lines.push("connection: close", "", "");
  return new TextEncoder().encode(lines.join("\r\n"));
}

function isChunked({ headers, body }: ForwardOptions): boolean {
  return Boolean(body) && !headers.has("content-length");
}

/** Sends a body, no faster than it is taken; one that is cut off ends the connection. */
async function sendBody(
  socket: Socket,
  body: ReadableStream<Uint8Array>,
  chunked: boolean,
): Promise<void> {
  const reader = body.getReader();
  // who has answered already need not read all of it
  socket.once("close", () => reader.cancel().catch(() => {}));
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => error ? reject(error) : resolve());
    });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value.length === 0) continue; // would end the chunks
      const size = encoder.encode(`${value.length.toString(16)}\r\n`);
      await write(chunked ? concat([size, value, LINE_END]) : value);
    }
    if (chunked && !socket.destroyed) await write(LAST_CHUNK);
  } catch (error) {
    socket.destroy(error as Error);
  }
}

const encoder = new TextEncoder();
const LINE_END = encoder.encode("\r\n");
const LAST_CHUNK = encoder.encode("0\r\n\r\n");

/** First a head, then a body. */
class Answer {
  readonly #socket: Socket;
  readonly #resolve: (response: Response) => void;
  /** Whether no body comes, whatever the headers say. */
  readonly #bodiless: boolean;
  #head: Uint8Array = NOTHING;
  #framing: BodyFraming | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    socket: Socket,
    { resolve, bodiless }: { resolve: (response: Response) => void; bodiless: boolean },
  ) {
    this.#socket = socket;
    this.#resolve = resolve;
    this.#bodiless = bodiless;
  }

  push(bytes: Uint8Array): void {
    try {
      if (this.#framing) this.#pushBody(this.#framing, bytes);
      else this.#pushHead(bytes);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  end(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    // What ends before its known end is cut off, and must not look whole.
    if (this.#framing?.endsWithConnection || this.#framing?.done) controller?.close();
    else controller?.error(new Error("the answer was cut off"));
  }

  fail(error: Error): void {
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.error(error);
  }

  #pushHead(bytes: Uint8Array): void {
    const all = concat([this.#head, bytes]);
    const end = findHeadEnd(all);
    if (end < 0) {
      if (all.length > MAX_HEAD_BYTES) throw new RangeError("the answer's head is too long");
      this.#head = all;
      return;
    }
    const [first = "", ...lines] = new TextDecoder().decode(all.subarray(0, end)).split("\r\n");
    const code = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    if (!code) throw new RangeError(`the answer is not HTTP: ${JSON.stringify(first)}`);
    const rest = all.subarray(end + HEAD_END.length);
    this.#head = NOTHING;
    // 1xx only announce the answer.
    if (code < 200) return this.#pushHead(rest);
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    }
    const framing = framingOf(this.#bodiless ? 204 : code, headers);
    this.#framing = framing;
    for (const key of HOP_BY_HOP) headers.delete(key);
    headers.set("cache-control", "no-cache, private, no-transform");
    const empty = this.#bodiless || code === 204 || code === 304;
    this.#resolve(new Response(empty ? null : this.#body(), { status: code, headers }));
    this.#pushBody(framing, rest);
  }

  #body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#socket.resume();
      },
      cancel: () => {
        this.#controller = undefined;
        this.#socket.destroy();
      },
    });
  }

  #pushBody(framing: BodyFraming, bytes: Uint8Array): void {
    for (const part of framing.push(bytes)) this.#controller?.enqueue(part);
    if (framing.done) {
      this.end();
      this.#socket.destroy();
    } else if ((this.#controller?.desiredSize ?? 1) <= 0) this.#socket.pause();
  }
}

function findHeadEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (HEAD_END.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
