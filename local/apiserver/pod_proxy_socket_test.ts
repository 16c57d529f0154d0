import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { dialWebSocket, SocketError } from "../../websocket/mod.ts";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const PODS = "/api/v1/namespaces/default/pods";

/** An API server and a pod whose sockets `handle` serves. */
async function start(handle: (socket: WebSocket) => void) {
  const seen: { url: string; headers: Headers }[] = [];
  const pod = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push({ url: request.url, headers: new Headers(request.headers) });
    if (request.url.endsWith("/refuse")) return new Response("an older term", { status: 409 });
    if (request.url.endsWith("/plain")) return new Response("hello");
    const protocol = request.headers.get("sec-websocket-protocol")?.split(", ").at(-1);
    const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
    socket.binaryType = "arraybuffer";
    socket.onerror = () => {};
    handle(socket);
    return response;
  });
  const server = await ApiServer.start();
  await call(server, `POST ${PODS}`, {
    body: { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } },
  });
  await call(server, `PATCH ${PODS}/p/status`, {
    body: { status: { podIP: "127.0.0.1" } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  return {
    seen,
    server,
    pod,
    url: (path = "/messages", port: number = pod.addr.port) =>
      `${server.url.replace("http", "ws")}${PODS}/p:${port}/proxy${path}`,
    async [Symbol.asyncDispose]() {
      await server.close();
      await pod.shutdown();
    },
  };
}

const echo = (socket: WebSocket) => {
  socket.onmessage = ({ data }) => socket.send(data);
};

Deno.test("proxy joins a client's WebSocket to the pod's, text as text, bytes as bytes", async () => {
  await using scene = await start(echo);
  const socket = await dialWebSocket(scene.url("/messages?a=b"), {
    protocols: ["troupe.v2", "troupe.v1"],
    headers: { authorization: "Bearer x", "x-term": "7" },
  });
  strictEqual(socket.protocol, "troupe.v1");
  for (const message of ["", "hé", Uint8Array.of(1, 2), "x".repeat(100_000)]) {
    await socket.send(message);
    deepStrictEqual(await socket.receive(), message);
  }
  await socket.close();
  const { url, headers } = scene.seen[0]!;
  // the real server passes no query on
  strictEqual(new URL(url).pathname + new URL(url).search, "/messages");
  deepStrictEqual(["authorization", "x-term"].map((name) => headers.get(name)), [null, "7"]);
});

Deno.test("proxy passes on how either end closes", async () => {
  const left = Promise.withResolvers<[number, string]>();
  await using scene = await start((socket) => {
    socket.onmessage = () => socket.close(4001, "elsewhere");
    socket.onclose = ({ code, reason }) => left.resolve([code, reason]);
  });
  const one = await dialWebSocket(scene.url());
  await one.close(4002, "enough");
  deepStrictEqual(await left.promise, [4002, "enough"]);
  const other = await dialWebSocket(scene.url());
  await other.send("go");
  strictEqual(await other.receive(), undefined);
  deepStrictEqual([other.closeCode, other.closeReason], [4001, "elsewhere"]);
});

Deno.test("proxy says why there is no WebSocket", async () => {
  await using scene = await start(echo);
  const failure = async (url: string): Promise<SocketError> => {
    const error = await dialWebSocket(url).then(() => undefined, (e) => e);
    ok(error instanceof SocketError, String(error));
    return error;
  };
  const refused = await failure(scene.url("/refuse"));
  deepStrictEqual([refused.status, refused.body], [409, "an older term"]);
  const plain = await failure(scene.url("/plain"));
  match(plain.body!, /"invalid upgrade response: status code 200"/);
  const nobody = await failure(scene.url("/", 1));
  strictEqual(nobody.status, 500);
  match(nobody.body!, /"error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused"/);
});

Deno.test("proxy tells the client that the pod went in the middle", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using scene = await start(echo);
  // the pod's end of the connection, which is cut without a farewell
  const between = (async () => {
    const near = await listener.accept();
    const far = await Deno.connect({ hostname: "127.0.0.1", port: scene.pod.addr.port });
    const copies = [near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)];
    return async () => {
      near.close();
      await Promise.allSettled(copies);
    };
  })();
  const socket = await dialWebSocket(scene.url("/", listener.addr.port));
  await socket.send("a");
  strictEqual(await socket.receive(), "a");
  await (await between)();
  strictEqual(await socket.receive(), undefined);
  strictEqual(socket.closeCode, 3502);
  listener.close();
});

Deno.test("proxy ends the pod's WebSocket with the server, and when the client is cut", async () => {
  let left = Promise.withResolvers<void>();
  const handle = (socket: WebSocket) => {
    socket.onclose = () => left.resolve();
  };
  await using scene = await start(handle);
  const one = await dialWebSocket(scene.url());
  one.abort(new Error("cut"));
  await left.promise;
  left = Promise.withResolvers();
  const other = await dialWebSocket(scene.url());
  const receiving = other.receive().catch(() => undefined);
  await scene.server.close();
  await left.promise;
  await receiving;
});

Deno.test("proxy makes the pod wait for a client that reads slowly, and ends one that floods it", async () => {
  let buffered = 0;
  const sent = Promise.withResolvers<void>();
  await using scene = await start((socket) => {
    socket.onopen = () => {
      for (let i = 0; i < 640; i++) socket.send(new Uint8Array(65_536)); // 40 MiB
      buffered = socket.bufferedAmount;
      sent.resolve();
    };
  });
  const socket = await dialWebSocket(scene.url());
  await sent.promise;
  ok(buffered > 16 * 1024 * 1024, `${buffered}`);
  for (let i = 0; i < 640; i++) strictEqual((await socket.receive() as Uint8Array).length, 65_536);
  await socket.close();

  // a pod that takes the handshake and reads no more
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = (async () => {
    const conn = await listener.accept();
    const buffer = new Uint8Array(4096);
    const head = new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!));
    const key = /sec-websocket-key: (\S+)/i.exec(head)![1]!;
    const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + guid));
    const accept = btoa(String.fromCharCode(...new Uint8Array(digest)));
    await conn.write(new TextEncoder().encode(
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n" +
        `sec-websocket-accept: ${accept}\r\n\r\n`,
    ));
    return conn;
  })();
  const flooding = await dialWebSocket(scene.url("/", listener.addr.port));
  const conn = await accepted;
  const closed = flooding.receive().catch((error) => error);
  const flood = async () => {
    for (;;) await flooding.send(new Uint8Array(1024 * 1024));
  };
  await rejects(flood());
  await closed; // by its code, or by what the system does with what was not read
  await flooding.closed;
  conn.close();
  listener.close();
});

Deno.test("proxy leaves nothing open of a client that went while the pod was asked", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using scene = await start(echo);
  const { hostname, port, pathname } = new URL(scene.url("/", listener.addr.port));
  const client = await Deno.connect({ hostname, port: Number(port) });
  await client.write(new TextEncoder().encode(
    `GET ${pathname} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
      "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  using near = await listener.accept();
  const buffer = new Uint8Array(10_000);
  const head = new TextDecoder().decode(buffer.subarray(0, (await near.read(buffer))!));
  client.close();
  await new Promise((resolve) => setTimeout(resolve, 50)); // until the server has seen it
  const key = /sec-websocket-key: (.*)\r/i.exec(head)![1]!;
  const digest = await crypto.subtle.digest(
    "SHA-1",
    new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`),
  );
  await near.write(new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      `sec-websocket-accept: ${btoa(String.fromCharCode(...new Uint8Array(digest)))}\r\n\r\n`,
  ));
  // the farewell, or the end
  ok([null, 8].includes(await near.read(buffer).then((n) => n && buffer[0]! & 0x0f)));
});
