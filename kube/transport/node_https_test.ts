import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { ClusterConfig } from "../config/mod.ts";
import { ConnectionError } from "./connection_error.ts";
import { makeCertificate } from "./testdata/certificates.ts";
import { Transport } from "./transport.ts";
import type { TransportOptions } from "./transport_options.ts";

/** The first version of which the sender is used, see connections.ts. */
const ignore = Number(Deno.version.deno.split(".")[1]) < 9;

const self = await makeCertificate("self", { ca: true, hosts: ["127.0.0.1"] });

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface Server extends AsyncDisposable {
  readonly config: ClusterConfig;
  /** Resolves with the next response to write, when its request came in. */
  next(): Promise<{ request: Request; response: ServerResponse }>;
}

async function startServer(): Promise<Server> {
  const waiting: PromiseWithResolvers<{ request: Request; response: ServerResponse }>[] = [];
  const server = createServer({ cert: self.cert, key: self.key }, async (request, response) => {
    let body = "";
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      return; // who asked has left
    }
    const { method = "", url = "" } = request;
    waiting.shift()?.resolve({ request: { method, path: url, body }, response });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    config: {
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      namespace: "default",
      source: "a test",
      credentials: {
        get: () => Promise.resolve(PRESENTED),
        refresh: () => {},
      },
    },
    next() {
      const next = Promise.withResolvers<{ request: Request; response: ServerResponse }>();
      waiting.push(next);
      return next.promise;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const PRESENTED = { tls: { caCerts: [self.cert] } };

function connect(server: Server, options: TransportOptions = {}): Transport {
  return new Transport(server.config, { maxRetries: 0, ...options });
}

Deno.test({
  name: "NodeHttps.send() sends the body of a DELETE too",
  ignore,
  async fn() {
    await using server = await startServer();
    await using transport = connect(server);
    const came = server.next();
    const answer = transport.performRequest({
      method: "DELETE",
      path: "/api/v1/namespaces/default/pods/a",
      bodyJson: { gracePeriodSeconds: 0 },
      expectJson: true,
    });
    const { request, response } = await came;
    response.setHeader("content-type", "application/json").end("{}");
    await answer;
    deepStrictEqual(JSON.parse(request.body), { gracePeriodSeconds: 0 });
  },
});

Deno.test({
  name: "NodeHttps.send() sends a body and answers with JSON",
  ignore,
  async fn() {
    await using server = await startServer();
    await using transport = connect(server);
    const came = server.next();
    const answer = transport.performRequest({
      method: "POST",
      path: "/api/v1/namespaces/default/pods",
      querystring: new URLSearchParams({ a: "b" }),
      bodyJson: { kind: "Pod", name: "ü" },
      expectJson: true,
    });
    const { request, response } = await came;
    deepStrictEqual(request, {
      method: "POST",
      path: "/api/v1/namespaces/default/pods?a=b",
      body: `{"kind":"Pod","name":"ü"}`,
    });
    response.writeHead(201).end(`{"ok":true}`);
    deepStrictEqual(await answer, { ok: true });
  },
});

Deno.test({
  name: "NodeHttps.send() passes the code and Retry-After of a failure on",
  ignore,
  async fn() {
    await using server = await startServer();
    await using transport = connect(server);
    const came = server.next();
    const asked = transport.performRequest({ method: "GET", path: "/x" }).catch((e) => e);
    (await came).response.writeHead(429, { "retry-after": "3" }).end("{}");
    const failure = await asked;
    strictEqual(failure.httpCode, 429);
    strictEqual(failure.retryAfterMs, 3000);
  },
});

Deno.test({
  name: "NodeHttps.send() streams, and makes a stream fail when it is cut",
  ignore,
  async fn() {
    await using server = await startServer();
    await using transport = connect(server);
    const came = server.next();
    const asked = transport.performRequest({ method: "GET", path: "/x", expectStream: true });
    const { response } = await came;
    response.writeHead(200);
    response.write("one");
    const reader = (await asked).getReader();
    strictEqual(new TextDecoder().decode((await reader.read()).value), "one");
    response.write("two");
    strictEqual(new TextDecoder().decode((await reader.read()).value), "two");
    response.destroy();
    await rejects(reader.read(), ConnectionError);
  },
});

Deno.test({
  name: "NodeHttps.send() rejects with the signal's reason and leaves the connection",
  ignore,
  async fn(t) {
    const reason = new Error("enough");
    for (const where of ["before the answer", "in the stream"]) {
      await t.step(where, async () => {
        await using server = await startServer();
        await using transport = connect(server);
        const controller = new AbortController();
        const came = server.next();
        const asked = transport.performRequest({
          method: "GET",
          path: "/x",
          expectStream: true,
          abortSignal: controller.signal,
        });
        const { response } = await came;
        const left = once(response, "close");
        if (where === "before the answer") {
          controller.abort(reason);
          await rejects(asked, reason);
        } else {
          response.writeHead(200).write("one");
          const reader = (await asked).getReader();
          await reader.read();
          const reading = reader.read();
          controller.abort(reason);
          await rejects(reading, reason);
        }
        await left;
      });
    }
  },
});

Deno.test({
  name: "NodeHttps.send() leaves the connection when the stream is canceled or all is closed",
  ignore,
  async fn() {
    await using server = await startServer();
    await using transport = connect(server);
    const watch = async () => {
      const came = server.next();
      const asked = transport.performRequest({ method: "GET", path: "/x", expectStream: true });
      const { response } = await came;
      response.writeHead(200).write("one");
      const reader = (await asked).getReader();
      await reader.read();
      return { reader, left: once(response, "close") };
    };
    const canceled = await watch();
    await canceled.reader.cancel();
    await canceled.left;
    const closed = await watch();
    const reading = closed.reader.read().catch((error) => error);
    await transport.close();
    match(String(await reading), /transport was closed/);
    await closed.left;
  },
});

Deno.test({
  name: "NodeHttps.send() times out when the server is silent",
  ignore,
  async fn() {
    await using server = await startServer();
    let isHeard = false;
    const left = server.next().then(async ({ response }) => {
      isHeard = true;
      if (!response.closed) await once(response, "close");
    });
    // a busy machine may take longer than that to connect: then the server has heard of nothing
    for (let requestTimeout = 50; !isHeard; requestTimeout *= 2) {
      await using transport = connect(server, { requestTimeout });
      const failure = await transport.performRequest({ method: "GET", path: "/x" }).catch((e) => e);
      ok(failure instanceof ConnectionError && failure.timedOut);
    }
    await left;
  },
});
