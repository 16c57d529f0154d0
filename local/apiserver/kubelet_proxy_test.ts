import { match, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const PODS = "/api/v1/namespaces/default/pods";
const POD = {
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 1 }] }] },
};

async function withPod(podIP?: string): Promise<ApiServer> {
  const server = await ApiServer.start();
  await call(server, `POST ${PODS}`, { body: POD });
  if (podIP) {
    await call(server, `PATCH ${PODS}/p/status`, {
      body: { status: { podIP } },
      headers: { "content-type": "application/merge-patch+json" },
    });
  }
  return server;
}

Deno.test("proxy passes a request on to the pod's port", async () => {
  const pod = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    return new Response(`${request.method} ${pathname}${search} ${await request.text()}`, {
      status: 418,
      headers: { "x-pod": "yes" },
    });
  });
  await using server = await withPod("127.0.0.1");
  const path = `${PODS}/p:${pod.addr.port}/proxy/a/b?c=d`;
  const answer = await call(server, `POST ${path}`, { body: "hello" });
  strictEqual(answer.code, 418);
  strictEqual(answer.body, "POST /a/b?c=d hello");
  strictEqual(answer.headers.get("x-pod"), "yes");
  await pod.shutdown();
});

Deno.test("proxy finds a pod that shares its address by its own port", async () => {
  const pod = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("me"),
  );
  await using server = await withPod("127.0.0.1");
  await call(server, `PATCH ${PODS}/p`, {
    body: { metadata: { annotations: { "troupe.dev/port": String(pod.addr.port) } } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  for (const name of ["p", "p:http", "p:1", "http:p:1"]) {
    strictEqual((await call(server, `GET ${PODS}/${name}/proxy/`)).body, "me");
  }
  // A port that is not the pod's first one is taken as it is.
  strictEqual((await call(server, `GET ${PODS}/p:2/proxy/`)).code, 503);
  await call(server, `PATCH ${PODS}/p/status`, {
    body: { status: { podIP: "127.0.0.2" } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  strictEqual((await call(server, `GET ${PODS}/p:1/proxy/`)).code, 503);
  await pod.shutdown();
});

Deno.test("proxy ends the pod's stream when the client leaves", async () => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const pod = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
      cancel: () => resolve(),
    });
    return new Response(body);
  });
  await using server = await withPod("127.0.0.1");
  const response = await fetch(`${server.url}${PODS}/p:${pod.addr.port}/proxy/`);
  const reader = response.body?.getReader();
  strictEqual(new TextDecoder().decode((await reader?.read())?.value), "first");
  await reader?.cancel();
  await left;
  await pod.shutdown();
});

Deno.test("proxy answers 503 when nothing listens", async () => {
  await using server = await withPod("127.0.0.1");
  const { code, body } = await call(server, `GET ${PODS}/p:http/proxy/`);
  strictEqual(code, 503);
  match(body.message, /error trying to reach service/);
});

Deno.test("proxy answers 400 when the pod has no address", async () => {
  await using server = await withPod();
  strictEqual((await call(server, `GET ${PODS}/p/proxy/`)).code, 400);
});

Deno.test("log says which node is missing when the pod's node is gone", async () => {
  await using server = await withPod();
  await call(server, `POST ${PODS}/p/binding`, {
    body: { metadata: { name: "p" }, target: { kind: "Node", name: "n" } },
  });
  const { code, body } = await call(server, `GET ${PODS}/p/log`);
  strictEqual(code, 404);
  match(body.message, /nodes "n" not found/);
});
