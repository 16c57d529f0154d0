/** The handshake of a WebSocket, and what a server says that refuses it. */
import type { ByteConnection } from "./byte_connection.ts";
import { ClientSocket, type ClientSocketOptions } from "./client_socket.ts";

/** Options of {@linkcode requestWebSocket}. */
export interface HandshakeOptions extends Omit<ClientSocketOptions, "protocol" | "head"> {
  /** What to send besides the handshake's own. */
  headers: Record<string, string>;
  /** Subprotocols, the preferred one first; none asks for none. */
  protocols: readonly string[];
  /** What the server is to be called. @default by the URL */
  host?: string;
}

const MAX_HEAD_BYTES = 64 * 1024;
/** Of a refusal's body; the rest is not read. */
const MAX_BODY_BYTES = 64 * 1024;
/** What RFC 6455 has a server append to the key. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const latin1 = new TextDecoder("latin1");

/**
 * Asks for a WebSocket on a connection that was just made. Resolves with the socket, or with the
 * server's answer if it is another; then the connection is closed. Rejects when no answer comes.
 */
export async function requestWebSocket(
  conn: ByteConnection,
  url: URL,
  options: HandshakeOptions,
): Promise<ClientSocket | Response> {
  const { headers, protocols, host = url.host, ...rest } = options;
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  try {
    await conn.write(requestHead(url, {
      host,
      ...headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
      ...(protocols.length > 0 && { "sec-websocket-protocol": protocols.join(", ") }),
    }));
    const answer = await readHead(conn);
    if (answer.code !== 101) {
      const body = await readBody(conn, answer);
      conn.close();
      // a Response can have no other code
      const status = answer.code >= 200 && answer.code < 600 ? answer.code : 502;
      const empty = [204, 205, 304].includes(status);
      return new Response(empty ? null : body as BodyInit, { status, headers: answer.headers });
    }
    const protocol = answer.headers.get("sec-websocket-protocol") ?? "";
    if (answer.headers.get("sec-websocket-accept") !== await acceptOf(key)) {
      throw new TypeError("the server's WebSocket handshake is wrong");
    }
    if (protocols.length > 0 ? !protocols.includes(protocol) : protocol !== "") {
      const known = protocols.map((one) => `"${one}"`).join(", ") || `""`;
      throw new TypeError(`the server speaks "${protocol}", none of ${known}`);
    }
    return new ClientSocket(conn, { ...rest, protocol, head: answer.rest });
  } catch (error) {
    conn.close();
    throw error;
  }
}

function requestHead(url: URL, headers: Record<string, string>): Uint8Array {
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.1`];
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n]/.test(value)) throw new TypeError(`Cannot send header "${name}": it has line ends`);
    lines.push(`${name}: ${value}`);
  }
  return new TextEncoder().encode([...lines, "", ""].join("\r\n"));
}

interface Head {
  readonly code: number;
  readonly headers: Headers;
  /** What came after it. */
  readonly rest: Uint8Array;
}

async function readHead(conn: ByteConnection): Promise<Head> {
  let bytes: Uint8Array = new Uint8Array();
  for (;;) {
    const text = latin1.decode(bytes);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const [first = "", ...lines] = text.slice(0, end).split("\r\n");
      const code = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
      if (!code) throw new TypeError(`the answer is not HTTP: ${JSON.stringify(first)}`);
      const headers = new Headers();
      for (const line of lines) {
        const colon = line.indexOf(":");
        if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
      }
      return { code, headers, rest: bytes.subarray(end + 4) };
    }
    if (bytes.length > MAX_HEAD_BYTES) throw new RangeError("the answer's head is too long");
    const more = await conn.read();
    if (more === undefined) throw new Error("the connection was closed before an answer");
    bytes = joined(bytes, more);
  }
}

async function readBody(conn: ByteConnection, { headers, rest }: Head): Promise<Uint8Array> {
  const chunked = /\bchunked\b/i.test(headers.get("transfer-encoding") ?? "");
  const length = headers.has("content-length") ? Number(headers.get("content-length")) : Infinity;
  headers.delete("transfer-encoding");
  headers.delete("content-length");
  let bytes = rest;
  for (;;) {
    const chunks = chunked ? unchunk(bytes) : undefined;
    if (chunks?.done) return chunks.body;
    if (!chunked && bytes.length >= length) return bytes.subarray(0, length);
    const more = bytes.length > MAX_BODY_BYTES ? undefined : await conn.read();
    if (more === undefined) return chunks?.body ?? bytes;
    bytes = joined(bytes, more);
  }
}

/** What chunks hold, as far as they have come. */
function unchunk(bytes: Uint8Array): { body: Uint8Array; done: boolean } {
  let body: Uint8Array = new Uint8Array();
  for (let start = 0;;) {
    const line = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(latin1.decode(bytes.subarray(start)));
    if (!line) return { body, done: false };
    const size = parseInt(line[1]!, 16);
    if (size === 0) return { body, done: true };
    start += line[0].length;
    body = joined(body, bytes.subarray(start, start + size));
    start += size + 2;
    if (start > bytes.length) return { body, done: false };
  }
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + KEY_SUFFIX));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
