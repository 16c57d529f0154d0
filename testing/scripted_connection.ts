/**
 * One connection of a scripted server, spoken by hand: HTTP/1.1 on a raw TCP connection, so
 * that a test can stop, halve or cut it at any byte.
 *
 * Bytes come in through one reader, from the accept to the end of the connection, which is
 * also how it is noticed that the client left. Bytes go out in the order of the calls.
 *
 * @module
 */

/** A request as it came in. */
export interface RecordedCall {
  /** Such as `GET`. */
  readonly method: string;
  /** The path without the query, such as `/api/v1/pods`. */
  readonly path: string;
  /** What stood after the question mark. */
  readonly query: URLSearchParams;
  /** The request's headers. */
  readonly headers: Headers;
  /** The request's body as text. */
  readonly body: string;
  /** Which connection it came on, from 1. */
  readonly connection: number;
}

/** How the end of an answer's body is marked. */
export type Framing = "chunked" | "close";

const HEAD_END = "\r\n\r\n";
const latin1 = new TextDecoder("latin1");
const utf8 = new TextEncoder();

/** One connection: reads requests and writes answers piece by piece. */
export class ScriptedConnection {
  /** Which connection it is, from 1. */
  readonly number: number;
  /** Resolves when the client has left, or this side has closed. */
  readonly left: Promise<void>;
  readonly #conn: Deno.TcpConn;
  #received: Uint8Array = new Uint8Array();
  #over = false;
  #more: PromiseWithResolvers<void> = Promise.withResolvers();
  #framing: Framing = "chunked";

  /** Takes over an accepted connection. */
  constructor(conn: Deno.TcpConn, number: number) {
    conn.setNoDelay(); // else small pieces wait for each other
    this.#conn = conn;
    this.number = number;
    this.left = this.#receive();
  }

  /** The next request, or undefined when the client has left. */
  async request(): Promise<RecordedCall | undefined> {
    let end = -1;
    for (;;) {
      end = latin1.decode(this.#received).indexOf(HEAD_END);
      if (end >= 0) break;
      if (!await this.#wait()) return undefined;
    }
    const head = latin1.decode(this.#received.subarray(0, end)).split("\r\n");
    const [method = "", target = ""] = (head.shift() ?? "").split(" ");
    const headers = new Headers();
    for (const line of head) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const start = end + HEAD_END.length;
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#received.length < start + length) {
      if (!await this.#wait()) return undefined;
    }
    const body = new TextDecoder().decode(this.#received.subarray(start, start + length));
    this.#received = this.#received.slice(start + length);
    const url = new URL(target, "http://scripted");
    return {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body,
      connection: this.number,
    };
  }

  /** Writes a whole answer. */
  async answer(status: number, headers: Record<string, string>, body: Uint8Array): Promise<void> {
    const fields = { ...headers, "content-length": String(body.length) };
    await this.#write(headOf(status, fields));
    if (body.length > 0) await this.#write(body);
  }

  /** Writes the head of an answer whose body comes piece by piece. */
  async begin(status: number, headers: Record<string, string>, framing: Framing): Promise<void> {
    this.#framing = framing;
    const field: Record<string, string> = framing === "chunked"
      ? { "transfer-encoding": "chunked" }
      : { "connection": "close" };
    await this.#write(headOf(status, { ...headers, ...field }));
  }

  /** Writes a piece of the body. */
  async piece(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#framing === "close") return await this.#write(bytes);
    const size = utf8.encode(`${bytes.length.toString(16)}\r\n`);
    const chunk = new Uint8Array(size.length + bytes.length + 2);
    chunk.set(size);
    chunk.set(bytes, size.length);
    chunk.set(utf8.encode("\r\n"), size.length + bytes.length);
    await this.#write(chunk);
  }

  /** Ends the body in good order. */
  async end(): Promise<void> {
    if (this.#framing === "close") return this.close();
    await this.#write(utf8.encode("0\r\n\r\n"));
  }

  /** Sends no more, but goes on to receive. */
  async halfClose(): Promise<void> {
    await this.#conn.closeWrite().catch(() => {}); // the client may have left
  }

  /** Closes at once, in the middle of whatever it is in. */
  close(): void {
    try {
      this.#conn.close();
    } catch { /* closed already */ }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    } catch { /* the client has left, which `left` tells */ }
  }

  async #receive(): Promise<void> {
    const chunk = new Uint8Array(16_384);
    for (;;) {
      const count = await this.#conn.read(chunk).catch(() => null);
      if (count === null) break;
      const received = new Uint8Array(this.#received.length + count);
      received.set(this.#received);
      received.set(chunk.subarray(0, count), this.#received.length);
      this.#received = received;
      this.#wake();
    }
    this.#over = true;
    this.#wake();
  }

  async #wait(): Promise<boolean> {
    if (this.#over) return false;
    await this.#more.promise;
    return true;
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }
}

function headOf(status: number, headers: Record<string, string>): Uint8Array {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return utf8.encode(`HTTP/1.1 ${status} Scripted\r\n${fields.join("")}\r\n`);
}
