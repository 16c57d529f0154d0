import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { KubeletEndpoint, type LogRequest } from "./kubelet_endpoint.ts";

/** A server, and a way to ask it that verifies its certificate. */
async function start() {
  const server = await KubeletEndpoint.start("127.0.0.1");
  const client = Deno.createHttpClient({ caCerts: [server.certificate] });
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`https://127.0.0.1:${server.port}${path}`, { ...init, client });
    return { code: response.status, text: await response.text() };
  };
  return { server, client, ask };
}

Deno.test("KubeletEndpoint serves logs and health over TLS, and refuses everything else", async () => {
  const { server, client, ask } = await start();
  await using _server = server;
  using _client = client;
  server.sources = { logs: () => Promise.resolve(new Blob(["line\n"]).stream()) };
  deepStrictEqual(await ask("/healthz"), { code: 200, text: "ok" });
  deepStrictEqual(await ask("/containerLogs/n/p/c"), { code: 200, text: "line\n" });
  strictEqual((await ask("/containerLogs/n/p")).code, 404);
  strictEqual((await ask("/attach/n/p/c")).code, 404);
  strictEqual((await ask("/exec/n/p/c?command=ls")).code, 400);
  const headers = { origin: "https://example.com" };
  strictEqual((await ask("/containerLogs/n/p/c", { headers })).code, 403);
  strictEqual((await ask("/containerLogs/n/p/c", { method: "POST", body: "x" })).code, 405);
});

Deno.test("KubeletEndpoint hands on what kubectl logs asks for", async () => {
  const { server, client, ask } = await start();
  await using _server = server;
  using _client = client;
  let asked: LogRequest | undefined;
  server.sources = {
    logs(request) {
      asked = request;
      return Promise.resolve({ code: 404, message: "none" });
    },
  };
  const query = "tailLines=5&timestamps=true&limitBytes=9&previous=true" +
    "&sinceTime=2030-01-01T00:00:00Z";
  deepStrictEqual(await ask(`/containerLogs/n/p/c?${query}`), { code: 404, text: "none" });
  const { options: { signal: _signal, ...options }, ...rest } = asked!;
  deepStrictEqual(rest, { namespace: "n", pod: "p", container: "c", previous: true });
  deepStrictEqual({ ...options }, {
    tailLines: 5,
    limitBytes: 9,
    since: new Date("2030-01-01T00:00:00Z"),
    timestamps: true,
    follow: false,
    previous: true,
  });
  deepStrictEqual(await ask("/containerLogs/n/p/c?tailLines=x"), {
    code: 400,
    text: 'Cannot read logs: "tailLines" is "x", it must be an integer >= 0',
  });
});

Deno.test("KubeletEndpoint.close() ends a log that is being followed", async () => {
  const { server, client, ask } = await start();
  using _client = client;
  const asked = Promise.withResolvers<void>();
  server.sources = {
    logs({ options }) {
      asked.resolve();
      return Promise.resolve(
        new ReadableStream({
          start: (controller) =>
            options.signal!.addEventListener("abort", () => controller.close(), { once: true }),
        }),
      );
    },
  };
  const answer = ask("/containerLogs/n/p/c?follow=true");
  await asked.promise;
  await server.close();
  deepStrictEqual(await answer, { code: 200, text: "" });
});
