import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
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

Deno.test("proxy answers as the real server does when what is asked for cannot be reached", async () => {
  await using server = await withPod("127.0.0.1");
  const ask = async (path: string, method = "GET") => {
    const { code, body } = await call(server, `${method} ${PODS}/${path}`);
    return [code, body.message];
  };
  deepStrictEqual(await ask("none:80/proxy/"), [404, `pods "none" not found`]);
  deepStrictEqual(await ask("a:b:c:d/proxy/"), [400, `invalid pod request "a:b:c:d"`]);
  deepStrictEqual(await ask("ftp:p:1/proxy/", "POST"), [400, `invalid pod request "ftp:p:1"`]);
  deepStrictEqual(await ask("https:p/proxy/"), [404, `pods "https" not found`]);
  deepStrictEqual(await ask("p:1/proxy/"), [
    503,
    "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused",
  ]);
});

Deno.test("proxy passes streams on as they come, both ways", async () => {
  const pod = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    return new Response(request.body, { headers: { "x-method": request.method } });
  });
  await using server = await withPod("127.0.0.1");
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answering = fetch(`${server.url}${PODS}/p:${pod.addr.port}/proxy/`, {
    method: "PUT",
    body: readable,
  });
  const first = writer.write(Uint8Array.of(1));
  const answer = await answering;
  strictEqual(answer.headers.get("x-method"), "PUT");
  const reader = answer.body!.getReader();
  deepStrictEqual((await reader.read()).value, Uint8Array.of(1));
  await first;
  for (const byte of [2, 3]) {
    await writer.write(Uint8Array.of(byte)); // only once the first has come back
    deepStrictEqual((await reader.read()).value, Uint8Array.of(byte));
  }
  await writer.close();
  strictEqual((await reader.read()).done, true);
  for (const method of ["DELETE", "HEAD", "OPTIONS", "PATCH"]) {
    const url = `${server.url}${PODS}/p:${pod.addr.port}/proxy/`;
    const answer = await fetch(url, { method });
    strictEqual(answer.headers.get("x-method"), method);
    await answer.body?.cancel();
  }
  await pod.shutdown();
});

Deno.test("proxy keeps redirections of the pod behind it, and keeps credentials to itself", async () => {
  const pod = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    strictEqual(request.headers.get("authorization"), null);
    const to = new URL(request.url).searchParams.get("to")!;
    return new Response(null, { status: 302, headers: { location: to } });
  });
  await using server = await withPod("127.0.0.1");
  const base = `${PODS}/p:${pod.addr.port}/proxy`;
  const ask = async (path: string) => {
    const answer = await fetch(server.url + path, {
      redirect: "manual",
      headers: { authorization: "Bearer x" },
    });
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("location")];
  };
  deepStrictEqual(await ask(`${base}?a=b`), [301, `${base}/?a=b`]);
  deepStrictEqual(await ask(`${base}/x?to=/y/?c=d`), [302, `${base}/y/?c=d`]);
  deepStrictEqual(await ask(`${base}/x?to=y`), [302, "y"]);
  deepStrictEqual(await ask(`${base}/x?to=http://other/`), [302, "http://other/"]);
  await pod.shutdown();
});
