import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { selfSigned } from "../node/certificate.ts";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const PODS = "/api/v1/namespaces/default/pods";

/** An API server with a pod of two containers on a node whose kubelet is on `port`. */
async function startWithPod(port: number): Promise<ApiServer> {
  const server = await ApiServer.start();
  await call(server, "POST /api/v1/nodes", { body: { metadata: { name: "n" } } });
  await call(server, "PATCH /api/v1/nodes/n/status", {
    body: {
      status: {
        addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      },
    },
    headers: { "content-type": "application/merge-patch+json" },
  });
  const containers = ["a", "b"].map((name) => ({ name, image: "i" }));
  await call(server, `POST ${PODS}`, {
    body: { metadata: { name: "p" }, spec: { nodeName: "n", containers } },
  });
  return server;
}

/** Opens a command's WebSocket, and collects what comes until it closes. */
function open(server: ApiServer, query: string, protocols = ["v5.channel.k8s.io"]) {
  const url = `${server.url.replace("http", "ws")}${PODS}/p/exec?${query}`;
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  const messages: Uint8Array[] = [];
  socket.onmessage = ({ data }) => messages.push(new Uint8Array(data));
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  const opened = new Promise<void>((resolve) => {
    socket.onopen = () => resolve();
  });
  return { socket, messages, opened, closed };
}

function errorOf(messages: Uint8Array[]): { message: string; code: number } {
  const last = messages.at(-1)!;
  strictEqual(last[0], 3);
  return JSON.parse(new TextDecoder().decode(last.subarray(1)));
}

Deno.test("exec joins the client's WebSocket to the kubelet's", async () => {
  const asked = Promise.withResolvers<string>();
  const received = Promise.withResolvers<Uint8Array>();
  const kubelet = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    ...await selfSigned("kubelet", ["127.0.0.1"]),
  }, (request) => {
    asked.resolve(request.url);
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "v4.channel.k8s.io" });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      received.resolve(new Uint8Array(data));
      socket.send(Uint8Array.of(1, 42));
      socket.close(1000);
    };
    return response;
  });
  await using server = await startWithPod(kubelet.addr.port);
  const query = "command=a&command=b%20c&container=b&stdin=true&stdout=true&tty=false";
  const { socket, messages, opened, closed } = open(server, query, [
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
  ]);
  await opened;
  strictEqual(socket.protocol, "v4.channel.k8s.io");
  const url = new URL(await asked.promise);
  strictEqual(url.pathname, "/exec/default/p/b");
  strictEqual(url.search, "?command=a&command=b+c&input=1&output=1");
  socket.send(Uint8Array.of(0, 7));
  deepStrictEqual(await received.promise, Uint8Array.of(0, 7));
  strictEqual(await closed, 1000);
  deepStrictEqual(messages, [Uint8Array.of(1, 42)]);
  await kubelet.shutdown();
});

Deno.test("exec ends the kubelet's WebSocket when the client leaves, or the server closes", async () => {
  let left = Promise.withResolvers<void>();
  const kubelet = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    ...await selfSigned("kubelet", ["127.0.0.1"]),
  }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "v5.channel.k8s.io" });
    socket.onclose = () => left.resolve();
    return response;
  });
  const server = await startWithPod(kubelet.addr.port);
  const one = open(server, "command=x&container=a&stdin=true");
  await one.opened;
  one.socket.close();
  await left.promise;
  await one.closed;
  left = Promise.withResolvers();
  const other = open(server, "command=x&container=a");
  await other.opened;
  await server.close();
  await left.promise;
  await other.closed;
  await kubelet.shutdown();
});

Deno.test("exec tells over the WebSocket why the kubelet does not answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using server = await startWithPod(port);
  const { messages, closed } = open(server, "command=x&container=a");
  strictEqual(await closed, 1000);
  match(errorOf(messages).message, /^error dialing backend: .*refused/i);
});

Deno.test("exec tells over the WebSocket what the kubelet refuses", async () => {
  const kubelet = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    ...await selfSigned("kubelet", ["127.0.0.1"]),
  }, () => new Response("pod does not exist\n", { status: 404 }));
  await using server = await startWithPod(kubelet.addr.port);
  const { messages, closed } = open(server, "command=x&container=a");
  strictEqual(await closed, 1000);
  const { message, code } = errorOf(messages);
  deepStrictEqual([message, code], ["pod does not exist", 404]);
  await kubelet.shutdown();
});

Deno.test("exec asks for a container, a place and a WebSocket", async () => {
  await using server = await startWithPod(1);
  const ask = async (path: string) => (await call(server, `POST ${PODS}/${path}`)).body.message;
  match(await ask("p/exec?command=ls"), /container name must be specified.*\[a b\]/);
  match(await ask("p/exec?command=ls&container=c"), /container c is not valid/);
  match(await ask("p/exec?command=ls&container=a"), /WebSocket only/);
  match(await ask("none/exec?command=ls"), /pods "none" not found/);
  const spec = { containers: [{ name: "c", image: "i" }] };
  await call(server, `POST ${PODS}`, { body: { metadata: { name: "q" }, spec } });
  match(await ask("q/exec?command=ls"), /does not have a host assigned/);
});
