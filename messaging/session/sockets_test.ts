import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dialWebSocket } from "../../websocket/mod.ts";
import { clientMessageSocket } from "./client_message_socket.ts";
import { memorySockets } from "./memory_sockets.ts";
import type { MessageSocket } from "./message_socket.ts";
import { serverMessageSocket } from "./server_message_socket.ts";

interface Pair extends AsyncDisposable {
  near: MessageSocket;
  far: MessageSocket;
}

/** A pair over loopback: the dialing end and the accepting one. */
async function loopback(): Promise<
  { client: MessageSocket; server: MessageSocket } & AsyncDisposable
> {
  const accepted = Promise.withResolvers<MessageSocket>();
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    accepted.resolve(serverMessageSocket(socket));
    return response;
  });
  const client = clientMessageSocket(await dialWebSocket(`ws://127.0.0.1:${http.addr.port}/`));
  const server = await accepted.promise;
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.abort();
      server.abort();
      await http.shutdown();
    },
  };
}

const PAIRS: Record<string, () => Promise<Pair>> = {
  memory() {
    const [near, far] = memorySockets();
    return Promise.resolve({ near, far, [Symbol.asyncDispose]: () => Promise.resolve() });
  },
  async client() {
    const pair = await loopback();
    return {
      near: pair.client,
      far: pair.server,
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  },
  async server() {
    const pair = await loopback();
    return {
      near: pair.server,
      far: pair.client,
      [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
    };
  },
};

/** Collects what is heard; resolves `full` at a count. */
function listen(socket: MessageSocket, count: number): { heard: string[]; full: Promise<void> } {
  const heard: string[] = [];
  const { promise: full, resolve } = Promise.withResolvers<void>();
  socket.onMessage((message) => {
    heard.push(message);
    if (heard.length === count) resolve();
  });
  return { heard, full };
}

for (const [name, make] of Object.entries(PAIRS)) {
  Deno.test(`MessageSocket (${name}) hands messages on in order, also those from before`, async () => {
    await using pair = await make();
    const sent = Array.from({ length: 50 }, (_, i) => `${i} 😀 ${"x".repeat(i * 100)}`);
    for (const message of sent.slice(0, 20)) pair.near.send(message);
    const { heard, full } = listen(pair.far, 50);
    for (const message of sent.slice(20)) pair.near.send(message);
    await full;
    deepStrictEqual(heard, sent);
    listen(pair.near, 0);
    pair.near.close();
    pair.far.close();
    await Promise.all([pair.near.closed, pair.far.closed]);
  });

  Deno.test(`MessageSocket.onMessage() (${name}) puts another listener in the first one's place`, async () => {
    await using pair = await make();
    const first = listen(pair.far, 1);
    pair.near.send("one");
    await first.full;
    const second = listen(pair.far, 1);
    pair.near.send("two");
    await second.full;
    deepStrictEqual([first.heard, second.heard], [["one"], ["two"]]);
    listen(pair.near, 0);
    pair.near.close();
    await Promise.all([pair.near.closed, pair.far.closed]);
  });

  Deno.test(`MessageSocket.close() (${name}) ends both sides after what was sent`, async () => {
    await using pair = await make();
    const { heard } = listen(pair.far, 10);
    listen(pair.near, 0);
    for (let i = 0; i < 10; i++) pair.near.send(`${i}${"x".repeat(10_000)}`);
    pair.near.close();
    pair.near.close();
    pair.near.send("too late");
    strictEqual(await pair.far.closed, undefined);
    strictEqual(await pair.near.closed, undefined);
    strictEqual(heard.length, 10);
    pair.near.send("nothing happens");
    pair.far.send("nothing happens");
    strictEqual(pair.near.queuedBytes, 0);
    await pair.near.drained();
  });

  Deno.test(`MessageSocket.drained() (${name}) resolves when the other side has taken much`, async () => {
    await using pair = await make();
    const { full } = listen(pair.far, 100);
    for (let i = 0; i < 100; i++) pair.near.send("x".repeat(100_000));
    ok(pair.near.queuedBytes > 0);
    await pair.near.drained();
    ok(pair.near.queuedBytes <= 64 * 1024);
    await full;
    listen(pair.near, 0);
    pair.far.close();
    await Promise.all([pair.near.closed, pair.far.closed]);
  });

  Deno.test(`MessageSocket.abort() (${name}) ends it at once`, async () => {
    await using pair = await make();
    listen(pair.near, 0);
    pair.near.abort();
    await pair.near.closed;
    pair.near.send("nothing happens");
    strictEqual(pair.near.queuedBytes, 0);
  });
}
