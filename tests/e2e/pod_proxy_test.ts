// Sockets and requests to pods through the API server, the embedded one and a real one alike.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { ApiError, podSocket, type PodSocketOptions } from "../../kube/mod.ts";
import { SocketError } from "../../websocket/mod.ts";
import { OWN_NODES, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

/** A real API server reaches no pod on loopback, so the pods of this test are at the machine's own. */
const ADDRESS = Deno.networkInterfaces()
  .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;

/** A cluster of its own nodes may be elsewhere, where this machine cannot be reached. */
const why = OWN_NODES
  ? " (skipped: the cluster's nodes may not reach this machine)"
  : ADDRESS === undefined
  ? " (skipped: this machine has no address but loopback)"
  : "";

/** What stands for the pod's process. */
function startPodServer() {
  const server = Deno.serve({ hostname: ADDRESS!, port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    if (pathname === "/refuse") return new Response("an older term\n", { status: 409 });
    if (pathname === "/unknown") return new Response("who are you?", { status: 401 });
    if (!headers.has("upgrade")) {
      const seen = `${request.method} ${pathname}${search} `;
      return new Response(request.body?.pipeThrough(prefixed(seen)) ?? seen, { status: 418 });
    }
    const protocol = headers.get("sec-websocket-protocol")?.split(", ").at(-1);
    const { socket, response } = Deno.upgradeWebSocket(request, protocol ? { protocol } : {});
    socket.binaryType = "arraybuffer";
    socket.onerror = () => {};
    socket.onopen = () => socket.send(JSON.stringify([pathname, search, headers.get("x-term")]));
    socket.onmessage = ({ data }) => {
      if (data === "close") socket.close(4001, "elsewhere");
      else if (data === "flood") {
        for (let i = 0; i < 320; i++) socket.send(new Uint8Array(65_536));
      } else socket.send(data);
    };
    return response;
  });
  return {
    port: (server.addr as Deno.NetAddr).port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function prefixed(text: string): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
  });
}

/** Makes a pod that no node runs, with the address, if it is to have one. */
async function makePod(cluster: TestCluster, options: { port: number; ip?: string }) {
  const { namespace } = cluster;
  const name = `proxied-${crypto.randomUUID().slice(0, 8)}`;
  const core = new CoreV1Api(cluster.admin).namespace(namespace);
  await until("the namespace's service account", () =>
    core.createPod({
      metadata: { name },
      spec: {
        schedulerName: "nobody",
        terminationGracePeriodSeconds: 0,
        containers: [{
          name: "main",
          image: "none",
          ports: [{ containerPort: options.port }],
        }],
      },
    }).catch((error) => {
      if (!/service account/.test(error.message)) throw error;
      return false as const;
    }));
  const { ip } = options;
  if (ip) {
    await core.patchPodStatus(name, "json-merge", { status: { podIP: ip, podIPs: [{ ip }] } });
  }
  return { namespace, name };
}

/** A port where nobody listens. */
function freePort(): number {
  using listener = Deno.listen({ hostname: ADDRESS!, port: 0 });
  return listener.addr.port;
}

Deno.test({ name: `podSocket() reaches a pod${why}`, ignore: why !== "" }, async (t) => {
  await using cluster = await startTestCluster({ images: {}, nodes: 0 });
  await using server = startPodServer();
  const { port } = server;
  const pod = await makePod(cluster, { port, ip: ADDRESS! });
  const open = (options: Partial<PodSocketOptions> = {}) =>
    podSocket(cluster.admin, { ...pod, port, path: "/messages", ...options });
  const failure = (options: Partial<PodSocketOptions>) =>
    open(options).then(() => undefined, (error) => error);

  await t.step("with text and bytes both ways, and how it closed", async () => {
    const socket = await open({
      protocols: ["troupe.v2", "troupe.v1"],
      headers: { "x-term": "7" },
    });
    strictEqual(socket.protocol, "troupe.v1");
    deepStrictEqual(JSON.parse(await socket.receive() as string), ["/messages", "", "7"]);
    for (const message of ["", "hé", Uint8Array.of(1, 2), "x".repeat(100_000)]) {
      await socket.send(message);
      deepStrictEqual(await socket.receive(), message);
    }
    await socket.send("close");
    strictEqual(await socket.receive(), undefined);
    deepStrictEqual([socket.closeCode, socket.closeReason], [4001, "elsewhere"]);
  });
  await t.step("and stays open while it is silent, by pings", async () => {
    const socket = await open({ pingInterval: 1_000 });
    await socket.receive();
    const receiving = socket.receive();
    await new Promise((resolve) => setTimeout(resolve, 2_500)); // silence is what is tested
    await socket.send("still there");
    strictEqual(await receiving, "still there");
    await socket.close();
  });
  await t.step("and loses nothing to a slow reader", async () => {
    const socket = await open();
    await socket.receive();
    await socket.send("flood");
    for (let i = 0; i < 320; i++) {
      strictEqual((await socket.receive() as Uint8Array).length, 65_536);
    }
    await socket.close();
  });
  await t.step("and says why it does not", async () => {
    for (
      const [path, status, body] of [["/refuse", 409, "an older term\n"], [
        "/unknown",
        401,
        "who are you?",
      ]]
    ) {
      const error = await failure({ path: path as string });
      ok(error instanceof SocketError, String(error));
      deepStrictEqual([error.kind, error.status, error.body], ["answer", status, body]);
    }
    const nobody = await failure({ port: freePort() });
    ok(nobody instanceof SocketError, String(nobody));
    strictEqual(nobody.kind, "refused");
    const missing = await failure({ name: "none" });
    ok(missing instanceof ApiError);
    deepStrictEqual([missing.httpCode, missing.status?.message], [404, `pods "none" not found`]);
    const early = await failure(await makePod(cluster, { port }));
    ok(early instanceof ApiError);
    deepStrictEqual([early.httpCode, early.status?.message], [400, "address not allowed"]);
  });
  await t.step("and ends at once with its signal", async () => {
    const reason = new Error("the term is over");
    const controller = new AbortController();
    const socket = await open({ signal: controller.signal });
    await socket.receive();
    const receiving = rejects(socket.receive(), reason);
    controller.abort(reason);
    await receiving;
  });
  await t.step("whose HTTP is passed on too", async () => {
    type Method = "GET" | "POST" | "PUT" | "DELETE";
    const ask = async (method: Method, path: string, body?: string): Promise<ApiError> => {
      const asking = cluster.admin.performRequest({
        method,
        path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}${path}`,
        ...(body && { bodyRaw: new TextEncoder().encode(body), contentType: "text/plain" }),
      });
      return await asking.then(() => undefined, (error) => error) as unknown as ApiError;
    };
    // the pod answers 418, which an API server would not
    for (
      const [method, path, body] of [
        ["GET", "/proxy/a%20b/c/?d=e"],
        ["POST", `:${port}/proxy/a`, "hello"],
        ["PUT", "/proxy/a", "hello"],
        ["DELETE", "/proxy/a"],
      ] as const
    ) {
      const answer = await ask(method, path, body);
      const at = path.replace(/^.*\/proxy/, "");
      deepStrictEqual([answer.httpCode, answer.body], [418, `${method} ${at} ${body ?? ""}`]);
    }
    strictEqual((await ask("GET", "/proxy")).httpCode, 301);
  });
});
