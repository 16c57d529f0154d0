import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { ByteConnection } from "./byte_connection.ts";
import { denoBytes } from "./byte_connection.ts";
import { ClientSocket, type ClientSocketOptions } from "./client_socket.ts";
import { encodeFrame, type Frame, FrameDecoder, OPCODES } from "./frames.ts";
import { requestWebSocket } from "./handshake.ts";

/** A connection to a server that the test plays. */
class Played implements ByteConnection {
  readonly sent: Frame[] = [];
  closed = false;
  #decoder = new FrameDecoder(1_000_000);
  #waiting: (Uint8Array | undefined)[] = [];
  #read?: PromiseWithResolvers<Uint8Array | undefined>;

  /** What the client reads next; undefined is the end. */
  push(bytes: Uint8Array | undefined): void {
    if (this.#read) this.#read.resolve(bytes);
    else this.#waiting.push(bytes);
    this.#read = undefined;
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.closed) return Promise.reject(new Error("closed here"));
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.shift());
    this.#read = Promise.withResolvers();
    return this.#read.promise;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.sent.push(...this.#decoder.push(bytes));
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#read?.reject(new Error("closed here"));
    this.#read = undefined;
  }
}

function open(options: Partial<ClientSocketOptions> = {}): { conn: Played; socket: ClientSocket } {
  const conn = new Played();
  return { conn, socket: new ClientSocket(conn, { protocol: "p", ...options }) };
}

const binary = (...bytes: number[]) => encodeFrame(OPCODES.binary, Uint8Array.from(bytes));

Deno.test("ClientSocket.receive() puts the parts of a message together, with a ping between", async () => {
  const { conn, socket } = open();
  const first = binary(1, 2);
  first[0]! &= 0x7f; // not final
  conn.push(first);
  conn.push(encodeFrame(OPCODES.ping, Uint8Array.of(9)));
  conn.push(encodeFrame(OPCODES.continuation, Uint8Array.of(3)));
  deepStrictEqual(await socket.receive(), Uint8Array.of(1, 2, 3));
  deepStrictEqual(conn.sent.map(({ opcode }) => opcode), [OPCODES.pong]);
});

Deno.test("ClientSocket.receive() resolves with undefined when the server closes", async () => {
  const { conn, socket } = open({ head: binary(5) });
  deepStrictEqual(await socket.receive(), Uint8Array.of(5));
  conn.push(encodeFrame(OPCODES.close, Uint8Array.of(3, 0xe8, 65)));
  strictEqual(await socket.receive(), undefined);
  strictEqual(await socket.receive(), undefined);
  strictEqual(socket.closeCode, 1000);
  ok(conn.closed);
  await socket.closed;
  await rejects(socket.send(Uint8Array.of(1)), /was closed/);
});

Deno.test("ClientSocket.receive() rejects when the connection ends without a farewell", async () => {
  const { conn, socket } = open({ toError: (error) => new Error(`told: ${error}`) });
  conn.push(undefined);
  await rejects(socket.receive(), /^Error: told: Error: the connection was closed/);
  await rejects(socket.receive(), /told/);
});

Deno.test("ClientSocket.receive() rejects when a message is too long, in one part or in many", async () => {
  for (const parts of [1, 3]) {
    const { conn, socket } = open({ maxMessage: 10 });
    for (let i = 0; i < parts; i++) {
      const frame = encodeFrame(i === 0 ? OPCODES.binary : 0, new Uint8Array(parts === 1 ? 11 : 4));
      if (i < parts - 1) frame[0]! &= 0x7f;
      conn.push(frame);
    }
    await rejects(socket.receive(), RangeError);
    ok(conn.closed);
  }
});

Deno.test("ClientSocket.receive() pings while it waits, and rejects when nothing comes back", async () => {
  using time = new FakeTime();
  const { conn, socket } = open({ pingInterval: 1_000 });
  const message = socket.receive();
  await time.tickAsync(1_000);
  strictEqual(conn.sent.at(-1)?.opcode, OPCODES.ping);
  conn.push(encodeFrame(OPCODES.pong, new Uint8Array()));
  await time.tickAsync(1_500); // alive; pinged once more
  conn.push(binary(1));
  deepStrictEqual(await message, Uint8Array.of(1));
  await time.tickAsync(100_000); // a reader that takes its time
  const dead = rejects(socket.receive(), /no sign of life for 2000 ms/);
  await time.tickAsync(2_000);
  await dead;
});

Deno.test("ClientSocket.receive() tells text from bytes, in parts too", async () => {
  const { conn, socket } = open();
  const [start, end] = [Uint8Array.of(0xc3), Uint8Array.of(0xa9)]; // "é"
  const first = encodeFrame(OPCODES.text, start);
  first[0]! &= 0x7f; // not final
  conn.push(first);
  conn.push(encodeFrame(OPCODES.continuation, end));
  conn.push(binary(1));
  conn.push(encodeFrame(OPCODES.text, new Uint8Array()));
  strictEqual(await socket.receive(), "é");
  deepStrictEqual(await socket.receive(), Uint8Array.of(1));
  strictEqual(await socket.receive(), "");
  await socket.send("ö");
  await socket.send(Uint8Array.of(7));
  deepStrictEqual(conn.sent.map(({ opcode, payload }) => [opcode, ...payload]), [
    [OPCODES.text, 0xc3, 0xb6],
    [OPCODES.binary, 7],
  ]);
});

Deno.test("ClientSocket.receive() rejects what is no message", async () => {
  const begun = binary(1);
  begun[0]! &= 0x7f;
  const pingInParts = encodeFrame(OPCODES.ping, new Uint8Array());
  pingInParts[0]! &= 0x7f;
  const wrong: [RegExp, ...Uint8Array[]][] = [
    [/not UTF-8/, encodeFrame(OPCODES.text, Uint8Array.of(0xc3))],
    [/goes on with no message/, encodeFrame(OPCODES.continuation, Uint8Array.of(1))],
    [/within another/, begun, binary(2)],
    [/opcode 9 is long or in parts/, pingInParts],
    [/opcode 9 is long or in parts/, encodeFrame(OPCODES.ping, new Uint8Array(126))],
    [/unknown opcode 3/, encodeFrame(3, new Uint8Array())],
  ];
  for (const [message, ...frames] of wrong) {
    const { conn, socket } = open();
    for (const frame of frames) conn.push(frame);
    await rejects(socket.receive(), message);
    ok(conn.closed);
  }
});

Deno.test("ClientSocket.receive() does not take a pause of its own process for the server's", async () => {
  const { conn, socket } = open({ pingInterval: 40 });
  const pinged = Promise.withResolvers<void>();
  conn.write = () => Promise.resolve(pinged.resolve());
  const message = socket.receive();
  await pinged.promise;
  setTimeout(() => conn.push(binary(1))); // has come when the process goes on
  const end = performance.now() + 200;
  while (performance.now() < end);
  deepStrictEqual(await message, Uint8Array.of(1));
});

Deno.test("ClientSocket.close() does not wait for a server that reads nothing", async () => {
  using time = new FakeTime();
  const { conn, socket } = open();
  conn.write = () => new Promise(() => {});
  const closing = socket.close();
  await time.tickAsync(1_000);
  await closing;
  ok(conn.closed);
});

Deno.test("ClientSocket.abort() rejects with its reason what waits", async () => {
  const { conn, socket } = open();
  const reason = new Error("enough");
  const waiting = rejects(socket.receive(), reason);
  socket.abort(reason);
  await waiting;
  await rejects(socket.send(Uint8Array.of(1)), reason);
  ok(conn.closed);
});

Deno.test("ClientSocket.close() says farewell, and ends what waits", async () => {
  const { conn, socket } = open();
  const waiting = socket.receive();
  await socket.close();
  strictEqual(await waiting, undefined);
  strictEqual(conn.sent.at(-1)?.opcode, OPCODES.close);
});

Deno.test("requestWebSocket() resolves with another answer of a server that refuses", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const text = `no, ${request.headers.get("authorization")}`;
    // chunked, as its length is not known
    const body = pathname === "/stream" ? new Blob([text]).stream() : text;
    return new Response(body, { status: 403, headers: { "retry-after": "7" } });
  });
  for (const path of ["/text", "/stream"]) {
    const url = new URL(`http://127.0.0.1:${server.addr.port}${path}`);
    const conn = await Deno.connect({ hostname: url.hostname, port: server.addr.port });
    const answer = await requestWebSocket(denoBytes(conn), url, {
      protocols: ["p"],
      headers: { authorization: "Bearer x" },
    });
    ok(answer instanceof Response);
    strictEqual(answer.status, 403);
    strictEqual(answer.headers.get("retry-after"), "7");
    strictEqual(await answer.text(), "no, Bearer x");
  }
});

Deno.test("requestWebSocket() rejects when the answer is none", async () => {
  const answers = {
    "": /closed before an answer/,
    "SSH-2.0\r\n\r\n": /not HTTP/,
    "HTTP/1.1 101 Hm\r\nsec-websocket-accept: x\r\n\r\n": /handshake is wrong/,
  };
  for (const [text, message] of Object.entries(answers)) {
    const conn = new Played();
    conn.write = () => Promise.resolve();
    conn.push(text ? new TextEncoder().encode(text) : undefined);
    const asking = requestWebSocket(conn, new URL("http://x/"), { headers: {}, protocols: ["p"] });
    match(String(await asking.catch((error) => error)), message);
    ok(conn.closed);
  }
});

Deno.test("ClientSocket.receive() makes a server wait for a slow reader", async () => {
  let buffered = 0;
  const stuck = Promise.withResolvers<void>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "p" });
    socket.onopen = () => {
      for (let i = 0; i < 640; i++) socket.send(new Uint8Array(65_536)); // 40 MiB
      buffered = socket.bufferedAmount;
      stuck.resolve();
    };
    socket.onmessage = () => socket.close(1000);
    return response;
  });
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const conn = await Deno.connect({ hostname: url.hostname, port: server.addr.port });
  const socket = await requestWebSocket(denoBytes(conn), url, { headers: {}, protocols: ["p"] });
  ok(socket instanceof ClientSocket);
  await stuck.promise;
  ok(buffered > 16 * 1024 * 1024, `${buffered}`);
  for (let i = 0; i < 640; i++) strictEqual((await socket.receive())!.length, 65_536);
  await socket.send(Uint8Array.of(1));
  strictEqual(await socket.receive(), undefined);
});
