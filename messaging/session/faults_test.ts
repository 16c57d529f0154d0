/** Sessions over WebSockets on loopback, with a network between that goes wrong. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FaultProxy, type FaultRule, seededRandom } from "../../testing/mod.ts";
import { dialWebSocket } from "../../websocket/mod.ts";
import { clientMessageSocket } from "./client_message_socket.ts";
import type { LinkOptions } from "./link.ts";
import { MESSAGES_PATH, SUBPROTOCOL } from "./message_socket.ts";
import { serverMessageSocket } from "./server_message_socket.ts";
import {
  type TestAcceptor,
  testAcceptor,
  type TestLink,
  testLink,
  until,
} from "./testdata/sides.ts";

interface Served extends AsyncDisposable {
  worker: TestAcceptor;
  proxy: FaultProxy;
  dial: (options?: Partial<LinkOptions>) => TestLink;
}

/** Shorter than in earnest, and longer than a slow machine makes a process stand still unnoticed. */
const HEARTBEAT = { pingAfter: 500, unresponsiveAfter: 2_000, brokenAfter: 3_000 };

/** A worker behind a proxy. */
async function serve(rules: FaultRule[] = [], options = {}): Promise<Served> {
  const now = () => performance.now();
  const worker = testAcceptor({ now, ...options });
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    strictEqual(new URL(request.url).pathname, MESSAGES_PATH);
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol: SUBPROTOCOL,
      idleTimeout: 0, // its timer stays when a connection breaks
    });
    worker.acceptor.accept(serverMessageSocket(socket));
    return response;
  });
  const proxy = await FaultProxy.start({
    target: `http://127.0.0.1:${http.addr.port}`,
    mode: "tcp",
    plan: { seed: 3, rules },
  });
  const links: TestLink[] = [];
  return {
    worker,
    proxy,
    dial(options = {}) {
      const link = testLink(worker, {
        now,
        dial: async (signal) =>
          clientMessageSocket(
            await dialWebSocket(`ws://127.0.0.1:${proxy.port}${MESSAGES_PATH}`, {
              protocols: [SUBPROTOCOL],
              signal,
            }),
          ),
        ...options,
      });
      links.push(link);
      return link;
    },
    async [Symbol.asyncDispose]() {
      for (const { link } of links) await link.close();
      await worker.acceptor.close();
      await proxy.close();
      await http.shutdown();
    },
  };
}

Deno.test("Link comes through when the network cuts, ends or stalls each handshake somewhere", async () => {
  const random = seededRandom(8);
  for (const fault of ["cut", "halfClose", "stall"] as const) {
    // some in the upgrade, some in the challenge, some in the welcome
    const rules = [50, 200, 500, 700].map((most): FaultRule => ({
      fault,
      afterBytes: Math.floor(random() * most),
      limit: 1,
    }));
    await using served = await serve(rules);
    const { link, states } = served.dial({ deadline: 1_000, dialTimeout: 1_000, random: () => 0 });
    await until(() => link.channel !== undefined && link.channel.end === undefined);
    ok(states.filter(({ state }) => state === "connecting").length >= 3);
    await link.offerKey({ kid: "other", secret: new Uint8Array(32) }); // it works
  }
});

Deno.test("Link goes on after its connection was cut, five times", async () => {
  await using served = await serve();
  const { link } = served.dial({ random: () => 0 });
  for (let i = 0; i < 5; i++) {
    await until(() => link.channel !== undefined && !link.channel.end);
    const channel = link.channel!;
    strictEqual(channel.resumed, i > 0);
    served.proxy.cut();
    strictEqual((await channel.ended).code, "broken");
  }
  strictEqual(new Set(served.worker.channels.map(({ session }) => session)).size, 1);
});

Deno.test("Link finds a connection that is half open, and makes another one", async () => {
  await using served = await serve([], { heartbeat: HEARTBEAT });
  const { link, states } = served.dial({ heartbeat: HEARTBEAT, deadline: 1_000, random: () => 0 });
  await until(() => link.channel !== undefined);
  const channel = link.channel!;
  served.proxy.stall();
  const end = await channel.ended;
  match(end.message, /nothing was heard for \d+ ms/);
  const [accepted] = served.worker.channels;
  strictEqual((await accepted!.ended).code, "broken");
  served.proxy.resume();
  await until(() => link.channel !== undefined && link.channel !== channel);
  deepStrictEqual(states.slice(0, 3).map(({ state }) => state), [
    "ready",
    "unresponsive",
    "connecting",
  ]);
});

Deno.test("SocketChannel lets short frames pass by one of 15 MiB, both ways", async () => {
  await using served = await serve();
  const { link } = served.dial();
  await until(() => link.channel !== undefined && served.worker.channels.length === 1);
  const [near, far] = [link.channel!, served.worker.channels[0]!];
  const order: string[] = [];
  near.onFrame((frame) => void order.push(`near ${"id" in frame ? frame.id : frame.t}`));
  far.onFrame((frame) => void order.push(`far ${"id" in frame ? frame.id : frame.t}`));
  const long = "x".repeat(15 * 1024 * 1024);
  near.send({ t: "call", id: 1, method: "m", input: long });
  far.send({ t: "done", id: 1, output: long });
  await Promise.resolve(); // the long ones are on their way
  near.send({ t: "call", id: 2, method: "m" });
  far.send({ t: "done", id: 2 });
  await until(() => order.length === 4);
  ok(order.indexOf("near 2") < order.indexOf("near 1"));
  ok(order.indexOf("far 2") < order.indexOf("far 1"));
});

Deno.test("SocketChannel.writable() waits for a network that takes nothing", async () => {
  await using served = await serve();
  const { link } = served.dial();
  await until(() => link.channel !== undefined && served.worker.channels.length === 1);
  served.worker.channels[0]!.onFrame(() => {});
  served.proxy.stall();
  // more than the system takes on the way to the proxy
  for (let id = 0; id < 500; id++) {
    link.channel!.send({ t: "call", id, method: "m", input: "x".repeat(60_000) });
  }
  let writable = false;
  link.channel!.writable().then(() => writable = true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  ok(!writable && link.channel!.queuedBytes > 1024 * 1024);
  served.proxy.resume();
  await until(() => writable);
});

Deno.test("Acceptor refuses a flood, garbage and binary messages over a WebSocket", async () => {
  await using served = await serve();
  const url = `ws://127.0.0.1:${served.proxy.port}${MESSAGES_PATH}`;
  for (const message of ["garbage", "[".repeat(1_000_000), new Uint8Array(10)]) {
    await using socket = await dialWebSocket(url, { protocols: [SUBPROTOCOL] });
    await socket.send(message);
    const answer = await socket.receive();
    if (typeof message === "string") match(String(answer), /"refused"/);
    strictEqual(typeof message === "string" ? await socket.receive() : answer, undefined);
  }
  await until(() => served.worker.refused.length === 3);
  strictEqual(served.worker.channels.length, 0);
  await rejects(
    served.dial().link.offerKey({ kid: "k", secret: new Uint8Array(32) }, {
      signal: AbortSignal.abort(new Error("no")),
    }),
  );
});
