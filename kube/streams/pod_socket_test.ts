import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { SocketError } from "../../websocket/mod.ts";
import { plainClusterConfig } from "../config/mod.ts";
import { ApiError, Transport } from "../transport/mod.ts";
import { podSocket } from "./pod_socket.ts";

const TARGET = { namespace: "n", name: "p", port: 8087, path: "/messages" };

/** An API server that a test plays: it refuses as `answer` does, else what is sent comes back. */
function startServer(answer: () => Response | undefined = () => undefined) {
  const asked: { path: string; headers: Headers }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push({ path: pathname + search, headers: new Headers(request.headers) });
    const other = answer();
    if (other) return other;
    const offered = request.headers.get("sec-websocket-protocol");
    const { socket, response } = Deno.upgradeWebSocket(
      request,
      offered ? { protocol: offered.split(", ").at(-1)! } : {},
    );
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  const config = plainClusterConfig(`http://127.0.0.1:${server.addr.port}`, { token: "secret" });
  const client = new Transport(config);
  return {
    asked,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.shutdown();
    },
  };
}

function refusal(code: number, message: string, reason?: string): Response {
  const status = { kind: "Status", status: "Failure", message, reason, code };
  return Response.json(status, { status: code });
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(() => undefined, (error) => error);
  ok(error instanceof Error);
  return error;
}

Deno.test("podSocket() asks for the pod's port, with what is for the pod and for the server", async () => {
  await using server = startServer();
  const socket = await podSocket(server.client, {
    ...TARGET,
    protocols: ["troupe.v2", "troupe.v1"],
    headers: { "x-term": "7", authorization: "Bearer mine" },
  });
  strictEqual(socket.protocol, "troupe.v1");
  await socket.send("hello");
  strictEqual(await socket.receive(), "hello");
  await socket.close();
  await (await podSocket(server.client, { ...TARGET, scheme: "https", path: undefined })).close();
  deepStrictEqual(server.asked.map(({ path }) => path), [
    "/api/v1/namespaces/n/pods/p:8087/proxy/messages",
    "/api/v1/namespaces/n/pods/https:p:8087/proxy/",
  ]);
  const { headers } = server.asked[0]!;
  deepStrictEqual([headers.get("x-term"), headers.get("authorization")], ["7", "Bearer secret"]);
  strictEqual(server.client.stats.requests, 2);
  await rejects(podSocket(server.client, { ...TARGET, path: "/a?b=c" }), TypeError);
});

Deno.test("podSocket() rejects with the rule that is lacking", async () => {
  for (const verb of ["get", "create"]) {
    const said = `pods "p:8087" is forbidden: User "u" cannot ${verb} resource "pods/proxy" in ` +
      `API group "" in the namespace "n"`;
    await using server = startServer(() => refusal(403, said, "Forbidden"));
    const error = await failureOf(podSocket(server.client, TARGET));
    ok(error instanceof ApiError);
    strictEqual(
      error.message,
      `Cannot get pods/proxy "p:8087" in namespace "n": forbidden for "u"; grant it with a Role ` +
        `rule { apiGroups: [""], resources: ["pods/proxy"], verbs: ["${verb}"] }`,
    );
  }
});

Deno.test("podSocket() tells the pod's refusal from the API server's, and that it was not reached", async () => {
  const dial = "dial tcp 10.0.0.1:8087:";
  const answers: [() => Response, { kind?: string; status?: number; body?: string }][] = [
    [() => new Response("an older term", { status: 409 }), {
      kind: "answer",
      status: 409,
      body: "an older term",
    }],
    [() => new Response("who?", { status: 403 }), { kind: "answer", status: 403, body: "who?" }],
    [() => new Response("who?", { status: 401 }), { kind: "answer", status: 401, body: "who?" }],
    [() => refusal(500, `error dialing backend: ${dial} connect: connection refused`), {
      kind: "refused",
    }],
    [() => refusal(503, `error trying to reach service: ${dial} i/o timeout`), { kind: "timeout" }],
    [() => refusal(500, `error dialing backend: ${dial} connect: no route to host`), {
      kind: "broken",
    }],
  ];
  for (const [answer, expected] of answers) {
    await using server = startServer(answer);
    const error = await failureOf(podSocket(server.client, TARGET));
    ok(error instanceof SocketError, String(error));
    const { kind, status, body } = error;
    deepStrictEqual({ kind, status, body }, { status: undefined, body: undefined, ...expected });
    ok(error.cause instanceof ApiError);
  }
  await using server = startServer(() => refusal(404, `pods "p" not found`, "NotFound"));
  const error = await failureOf(podSocket(server.client, TARGET));
  ok(error instanceof ApiError);
  strictEqual(error.httpCode, 404);
});

Deno.test("podSocket() ends with its signal", async () => {
  await using server = startServer();
  const reason = new Error("the term is over");
  const controller = new AbortController();
  const socket = await podSocket(server.client, { ...TARGET, signal: controller.signal });
  const receiving = rejects(socket.receive(), reason);
  controller.abort(reason);
  await receiving;
  await rejects(podSocket(server.client, { ...TARGET, signal: controller.signal }), reason);
});
