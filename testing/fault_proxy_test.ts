import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FaultDecider } from "./fault_plan.ts";
import { FaultProxy } from "./fault_proxy.ts";

/** A server whose `/watch` never ends and whose other paths echo method, path and body. */
function backend(): { url: string; [Symbol.asyncDispose](): Promise<void> } {
  const watches = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/watch") {
      let own: ReadableStreamDefaultController<Uint8Array>;
      return new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            own = controller;
            watches.add(controller);
            controller.enqueue(new TextEncoder().encode("x".repeat(1000) + "\n"));
          },
          cancel() {
            watches.delete(own);
          },
        }),
      );
    }
    return new Response(`${request.method} ${pathname}${search} ${await request.text()}`);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      for (const watch of watches) watch.close();
      await server.shutdown();
    },
  };
}

async function send(
  url: string,
  init?: RequestInit & { client?: Deno.HttpClient },
): Promise<string> {
  const response = await fetch(url, init);
  return `${response.status} ${await response.text()}`;
}

Deno.test("FaultProxy passes requests with their bodies when the plan is empty", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({ target: server.url });
  strictEqual(await send(`${proxy.url}/a?b=1`), "200 GET /a?b=1 ");
  const body = "y".repeat(300_000);
  strictEqual(await send(`${proxy.url}/p`, { method: "POST", body }), `200 POST /p ${body}`);
  deepStrictEqual(
    proxy.record.filter((r) => r.action !== "open").map((r) => `${r.action} ${r.method} ${r.path}`),
    ["pass GET /a?b=1", "pass POST /p"],
  );
});

Deno.test("FaultProxy answers with the planned status when a rule matches", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: {
      rules: [
        { fault: "status", code: 429, retryAfterSeconds: 3, method: "POST", limit: 1 },
        { fault: "status", code: 503, path: /^\/down/, skip: 1 },
        { fault: "status", code: 410, path: /^\/watch/ },
      ],
    },
  });
  const refused = await fetch(proxy.url, { method: "POST", body: "z".repeat(200_000) });
  strictEqual(refused.status, 429);
  strictEqual(refused.headers.get("retry-after"), "3");
  strictEqual((await refused.json()).reason, "TooManyRequests");
  strictEqual(await send(proxy.url, { method: "POST", body: "q" }), "200 POST / q");
  match(await send(`${proxy.url}/down`), /^200/);
  match(await send(`${proxy.url}/down`), /^503/);
  match(await send(`${proxy.url}/watch`), /^410 .*"reason":"Expired"/);
  deepStrictEqual(proxy.record.filter((r) => r.code).map((r) => r.code), [429, 503, 410]);
});

Deno.test("FaultProxy cuts an answer after the planned bytes", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "cut", path: /^\/watch/, afterBytes: 600 }] },
  });
  const response = await fetch(`${proxy.url}/watch`);
  await rejects(response.text());
});

Deno.test("FaultProxy half-closes an answer and keeps the client's side", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "halfClose", afterBytes: 300 }] },
  });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await conn.write(new TextEncoder().encode("GET /watch HTTP/1.1\r\nhost: x\r\n\r\n"));
  let received = 0;
  const buffer = new Uint8Array(4096);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) received += n;
  strictEqual(received, 300);
  strictEqual(proxy.openConnections, 1);
  await conn.write(new TextEncoder().encode("still writable"));
  conn.close();
});

Deno.test("FaultProxy stalls: the connection stays open and says nothing more", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "stall", path: /^\/watch/, afterBytes: 400 }] },
  });
  const controller = new AbortController();
  const response = await fetch(`${proxy.url}/watch`, { signal: controller.signal });
  const reader = response.body!.getReader();
  const first = await reader.read();
  ok(first.value!.length > 0);
  let silent = true;
  const second = reader.read().then(() => silent = false, () => {});
  // another request gets through meanwhile: the stall is that of one connection
  match(await send(`${proxy.url}/other`), /^200/);
  ok(silent);
  controller.abort();
  await second;
});

Deno.test("FaultProxy holds an answer back when the plan delays it", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "delay", ms: 60 }] },
  });
  const started = performance.now();
  match(await send(proxy.url), /^200/);
  ok(performance.now() - started >= 55);
});

Deno.test("FaultProxy in tcp mode passes bytes, cuts all, refuses and recovers", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({ target: server.url, mode: "tcp" });
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  strictEqual(await send(`${proxy.url}/a`, { client }), "200 GET /a ");
  const watch = await fetch(`${proxy.url}/watch`, { client });
  const broken = rejects(watch.text());
  proxy.cut();
  await broken;
  proxy.refuse(true);
  await rejects(fetch(proxy.url, { client }));
  proxy.refuse(false);
  strictEqual(await send(`${proxy.url}/b`, { client }), "200 GET /b ");
  proxy.stall();
  const waiting = send(`${proxy.url}/c`, { client });
  proxy.resume();
  strictEqual(await waiting, "200 GET /c ");
});

Deno.test("FaultProxy passes a WebSocket in http mode", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`${data} back`);
    return response;
  });
  {
    await using proxy = await FaultProxy.start({ target: `http://127.0.0.1:${server.addr.port}` });
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/exec`);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => reject(new Error("the socket broke"));
    strictEqual(await promise, "hello back");
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
    deepStrictEqual(proxy.record.map((r) => r.action), ["open", "pass"]);
  }
  await server.shutdown();
});

Deno.test("FaultProxy passes a body in chunks, and serves a client that keeps connections", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({ target: server.url });
  for (const text of ["one", "two"]) {
    const body = new Blob([text, "!"]).stream();
    strictEqual(await send(`${proxy.url}/p`, { method: "POST", body }), `200 POST /p ${text}!`);
  }
});

Deno.test("FaultProxy.close() ends an upload that the target does not read", async () => {
  const target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const proxy = await FaultProxy.start({ target: `http://127.0.0.1:${target.addr.port}` });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const accepted = target.accept();
  await client.write(
    new TextEncoder().encode("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n"),
  );
  const upstream = await accepted;
  const chunk = new Uint8Array(1 << 20);
  const sending = rejects(async () => {
    for (;;) await client.write(chunk);
  });
  await proxy.close();
  await sending;
  for (const it of [client, upstream, target]) it.close();
});

Deno.test("FaultProxy leaves no timer behind when a client leaves before the fault", async () => {
  await using server = backend();
  await using proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "cut", afterMs: 3_600_000 }] },
  });
  strictEqual(await send(`${proxy.url}/a`), "200 GET /a ");
});

Deno.test("FaultProxy says that the target is unreachable when nothing listens there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = (listener.addr as Deno.NetAddr).port;
  listener.close();
  await using proxy = await FaultProxy.start({ target: `http://127.0.0.1:${port}` });
  await rejects(fetch(proxy.url));
  strictEqual(proxy.record.at(-1)?.action, "unreachable");
});

Deno.test("FaultDecider makes the same choices for the same seed", () => {
  const plan = (seed: number) => ({
    seed,
    rules: [
      { fault: "cut", probability: 0.3, afterBytes: [0, 1000] },
      { fault: "delay", probability: 0.5, ms: [1, 9] },
    ] as const,
  });
  const run = (seed: number) => {
    const decider = new FaultDecider(plan(seed));
    return Array.from({ length: 50 }, () => decider.next({ method: "GET", path: "/" }));
  };
  deepStrictEqual(run(7), run(7));
  ok(JSON.stringify(run(7)) !== JSON.stringify(run(8)));
  ok(run(7).some((fault) => fault?.fault === "cut"));
  ok(run(7).some((fault) => fault === undefined));
});

Deno.test("FaultProxy holds a request back, and the server hears of it only then", async () => {
  const heard: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    heard.push(request.method);
    return new Response("done");
  });
  await using proxy = await FaultProxy.start({
    target: `http://127.0.0.1:${server.addr.port}`,
    plan: { rules: [{ fault: "hold", method: "PATCH", ms: 200, limit: 1 }] },
  });
  const held = send(proxy.url, { method: "PATCH", body: "late" });
  strictEqual(await send(proxy.url), "200 done");
  deepStrictEqual(heard, ["GET"]);
  strictEqual(await held, "200 done");
  deepStrictEqual(heard, ["GET", "PATCH"]);
  await proxy.close();
  await server.shutdown();
});

Deno.test("FaultProxy.stall() keeps a request that was held back until resume()", async () => {
  let heard = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    return new Response(`${++heard}`);
  });
  const target = `http://127.0.0.1:${server.addr.port}`;
  await using proxy = await FaultProxy.start({
    target,
    plan: { rules: [{ fault: "hold", ms: 50, limit: 1 }] },
  });
  const held = send(proxy.url);
  while (!proxy.record.some(({ action }) => action === "hold")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  proxy.stall();
  await new Promise((resolve) => setTimeout(resolve, 100)); // it would be passed on by now
  strictEqual(await send(target), "200 1");
  proxy.resume();
  strictEqual(await held, "200 2");
  await proxy.close();
  await server.shutdown();
});

Deno.test("FaultProxy.close() ends what it holds back", async () => {
  await using server = backend();
  const proxy = await FaultProxy.start({
    target: server.url,
    plan: { rules: [{ fault: "hold", ms: 3_600_000 }] },
  });
  const held = rejects(send(proxy.url));
  while (!proxy.record.some(({ action }) => action === "hold")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await proxy.close();
  await held;
});
