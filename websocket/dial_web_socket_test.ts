import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { makeCertificate } from "../kube/transport/testdata/certificates.ts";
import { dialWebSocket } from "./dial_web_socket.ts";
import { SocketError } from "./socket_error.ts";

type Handler = (socket: WebSocket, headers: Headers, url: URL) => void;

/** A server of WebSockets; without a handler they echo. */
function startServer(
  handle: Handler = (socket) => {
    socket.onmessage = ({ data }) => socket.send(data);
  },
  certificate?: { cert: string; key: string },
) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...certificate },
    (request) => {
      const headers = new Headers(request.headers);
      const url = new URL(request.url);
      const protocol = headers.get("sec-websocket-protocol")?.split(",")[0];
      const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
      socket.binaryType = "arraybuffer";
      socket.onerror = () => {};
      handle(socket, headers, url);
      return response;
    },
  );
  return {
    url: `${certificate ? "wss" : "ws"}://127.0.0.1:${server.addr.port}/messages?a=b`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Takes a connection and, unless it is `mute`, the handshake on it; the rest is up to the test. */
async function accept(listener: Deno.TcpListener, options: { mute?: boolean } = {}) {
  const conn = await listener.accept();
  if (options.mute) return conn;
  const buffer = new Uint8Array(4096);
  const head = new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
  const key = /sec-websocket-key: (\S+)/i.exec(head)![1]!;
  const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + guid));
  const accepted = btoa(String.fromCharCode(...new Uint8Array(digest)));
  const answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n" +
    `connection: Upgrade\r\nsec-websocket-accept: ${accepted}\r\n\r\n`;
  await conn.write(new TextEncoder().encode(answer));
  return conn;
}

function listen(): { listener: Deno.TcpListener; url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { listener, url: `ws://127.0.0.1:${listener.addr.port}/` };
}

async function failureOf(promise: Promise<unknown>): Promise<SocketError> {
  const error = await promise.then(() => undefined, (error) => error);
  ok(error instanceof SocketError, String(error));
  return error;
}

Deno.test("dialWebSocket() opens a socket for text and bytes both ways", async () => {
  let seen: string[] = [];
  await using server = startServer((socket, headers, { pathname, search }) => {
    seen = [pathname + search, headers.get("authorization")!];
    socket.onmessage = ({ data }) => socket.send(data);
  });
  const socket = await dialWebSocket(server.url, {
    protocols: ["troupe.v2", "troupe.v1"],
    headers: { authorization: "Bearer x" },
  });
  deepStrictEqual(seen, ["/messages?a=b", "Bearer x"]);
  strictEqual(socket.protocol, "troupe.v2");
  for (const text of ["", "hello", "ünï🎭", "é".repeat(50), "x".repeat(126), "y".repeat(70_000)]) {
    await socket.send(text);
    strictEqual(await socket.receive(), text);
  }
  await socket.send(Uint8Array.of(1, 2, 3));
  deepStrictEqual(await socket.receive(), Uint8Array.of(1, 2, 3));
  await socket.close();
  strictEqual(await socket.receive(), undefined);
});

Deno.test("dialWebSocket() passes on the codes and reasons of both ends", async () => {
  const left = Promise.withResolvers<[number, string]>();
  await using server = startServer((socket) => {
    socket.onmessage = () => socket.close(4001, "elsewhere");
    socket.onclose = ({ code, reason }) => left.resolve([code, reason]);
  });
  const one = await dialWebSocket(server.url);
  await one.close(4002, "enough");
  deepStrictEqual(await left.promise, [4002, "enough"]);
  const other = await dialWebSocket(server.url);
  await other.send("go");
  strictEqual(await other.receive(), undefined);
  deepStrictEqual([other.closeCode, other.closeReason], [4001, "elsewhere"]);
});

Deno.test("dialWebSocket() says that nobody listens", async () => {
  const { listener, url } = listen();
  listener.close();
  const error = await failureOf(dialWebSocket(url));
  strictEqual(error.kind, "refused");
  match(error.message, /^Cannot open "ws:\/\/127.0.0.1:\d+\/": .*refused/i);
});

Deno.test("dialWebSocket() says what a server answered that refused", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("an older term\nand more", { status: 409 }),
  );
  const error = await failureOf(dialWebSocket(`ws://127.0.0.1:${server.addr.port}/`));
  deepStrictEqual([error.kind, error.status, error.body], [
    "answer",
    409,
    "an older term\nand more",
  ]);
  match(error.message, /: HTTP 409: an older term$/);
});

Deno.test("dialWebSocket() gives a server up whose handshake is slow", async () => {
  const { listener, url } = listen();
  using _ = listener;
  for (const target of [url, url.replace("ws:", "wss:")]) {
    const accepted = accept(listener, { mute: true });
    const error = await failureOf(dialWebSocket(target, { timeout: 50 }));
    strictEqual(error.kind, "timeout");
    match(error.message, /no answer within 50 ms$/);
    (await accepted).close();
  }
});

Deno.test("dialWebSocket() rejects with the signal's reason, whenever it aborts", async () => {
  const reason = new Error("enough");
  const { listener, url } = listen();
  using _ = listener;
  await rejects(dialWebSocket(url, { signal: AbortSignal.abort(reason) }), reason);
  for (const target of [url, url.replace("ws:", "wss:")]) {
    const controller = new AbortController();
    const dialing = rejects(dialWebSocket(target, { signal: controller.signal }), reason);
    const conn = await accept(listener, { mute: true });
    controller.abort(reason);
    await dialing;
    conn.close();
  }
  const controller = new AbortController();
  const accepted = accept(listener);
  const socket = await dialWebSocket(url, { signal: controller.signal });
  const receiving = rejects(socket.receive(), reason);
  const stuck = rejects(socket.send("x".repeat(64 * 1024 * 1024)), reason);
  controller.abort(reason);
  await receiving;
  await stuck;
  await socket.closed;
  (await accepted).close();
});

Deno.test("dialWebSocket() gives a socket that says so when the server goes in the middle", async () => {
  const { listener, url } = listen();
  using _ = listener;
  const accepted = accept(listener);
  const socket = await dialWebSocket(url);
  const conn = await accepted;
  const receiving = failureOf(socket.receive());
  await conn.write(Uint8Array.of(0x81, 5, 104, 97)); // half of a message
  conn.close();
  const error = await receiving;
  strictEqual(error.kind, "broken");
  match(error.message, /^Cannot use "ws:.*the connection was closed$/);
  await socket.closed;
  strictEqual(await failureOf(socket.send("x")), error);
});

Deno.test("dialWebSocket() gives a socket that fails when the server no longer reads nor writes", async () => {
  const { listener, url } = listen();
  using _ = listener;
  let accepted = accept(listener);
  const silent = await dialWebSocket(url, { pingInterval: 40 });
  const error = await failureOf(silent.receive());
  deepStrictEqual([error.kind, /no sign of life for 80 ms/.test(error.message)], ["timeout", true]);
  (await accepted).close();

  accepted = accept(listener);
  const stuck = await dialWebSocket(url, { sendTimeout: 50 });
  const sending = failureOf(stuck.send(new Uint8Array(64 * 1024 * 1024)));
  const next = failureOf(stuck.send("next"));
  ok(stuck.buffered > 64 * 1024 * 1024);
  strictEqual((await sending).kind, "timeout");
  match((await next).message, /nothing could be sent for 50 ms/);
  await stuck.closed;
  (await accepted).close();
});

Deno.test("dialWebSocket() verifies the server by an authority and a name that is not its address", async () => {
  const authority = await makeCertificate("authority", { ca: true });
  const stranger = await makeCertificate("stranger", { ca: true });
  const leaf = await makeCertificate("server", { issuer: authority, hosts: ["worker.greeter"] });
  await using server = startServer(undefined, { cert: leaf.cert, key: leaf.key });
  const dial = (authority: string, serverName?: string) =>
    dialWebSocket(server.url, { caCerts: [authority], ...(serverName && { serverName }) });
  const socket = await dial(authority.cert, "worker.greeter");
  await socket.send("hello");
  strictEqual(await socket.receive(), "hello");
  await socket.close();
  const wrong = [
    dial(authority.cert),
    dial(authority.cert, "worker.other"),
    dial(stranger.cert, "worker.greeter"),
  ];
  for (const dialing of wrong) strictEqual((await failureOf(dialing)).kind, "certificate");
});

Deno.test("dialWebSocket() refuses a server that takes no protocol, or one that was not offered", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onerror = () => {};
      return response;
    },
  );
  const url = `ws://127.0.0.1:${server.addr.port}/`;
  const error = await failureOf(dialWebSocket(url, { protocols: ["a"] }));
  match(error.message, /the server speaks "", none of "a"$/);
  await rejects(dialWebSocket("http://127.0.0.1/"), TypeError);
});
