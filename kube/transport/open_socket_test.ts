import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ClusterConfig, plainClusterConfig, type TlsMaterial } from "../config/mod.ts";
import { ApiError } from "./api_error.ts";
import { ConnectionError } from "./connection_error.ts";
import { makeCertificate } from "./testdata/certificates.ts";
import { Transport } from "./transport.ts";

const PATH = "/api/v1/namespaces/n/pods/p/exec";
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** A server of WebSockets that echo, and of what else `answer` gives. */
function startServer(
  answer: (request: Request) => Response | undefined = () => undefined,
  certificate?: { cert: string; key: string },
) {
  const closed = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...certificate },
    (request) => {
      const other = answer(request);
      if (other) return other;
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: PROTOCOLS[0] });
      socket.onmessage = ({ data }) => socket.send(data);
      socket.onerror = () => {};
      socket.onclose = () => closed.resolve();
      return response;
    },
  );
  const scheme = certificate ? "https" : "http";
  return {
    url: `${scheme}://127.0.0.1:${server.addr.port}`,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function status(code: number, message: string): Response {
  return Response.json({ kind: "Status", status: "Failure", message, code }, { status: code });
}

function tlsConfig(server: string, tls: TlsMaterial): ClusterConfig {
  const presented = { tls };
  const credentials = { get: () => Promise.resolve(presented), refresh: () => {} };
  return { server, namespace: "default", source: "a test", credentials };
}

Deno.test("Transport.openSocket() sends the credentials, and counts as one request", async () => {
  const asked: (string | null)[] = [];
  await using server = startServer(({ url, headers }) => {
    asked.push(new URL(url).search, headers.get("authorization"), headers.get("user-agent"));
    return undefined;
  });
  await using transport = new Transport(plainClusterConfig(server.url, { token: "secret" }));
  const socket = await transport.openSocket({
    path: PATH,
    querystring: new URLSearchParams({ command: "a b" }),
    protocols: PROTOCOLS,
  });
  strictEqual(socket.protocol, PROTOCOLS[0]);
  await socket.send(Uint8Array.of(1, 2));
  deepStrictEqual(await socket.receive(), Uint8Array.of(1, 2));
  const [search, authorization, userAgent] = asked;
  deepStrictEqual([search, authorization], ["?command=a+b", "Bearer secret"]);
  match(userAgent!, /^troupe/);
  strictEqual(transport.stats.requests, 1);
  deepStrictEqual(transport.stats.byOutcome, { "get pods/exec 101": 1 });
  await socket.close();
  await server.closed;
});

Deno.test("Transport.openSocket() rejects with the error of the server's answer", async () => {
  const refused =
    `pods "p" is forbidden: User "u" cannot get resource "pods/exec" in API group "" ` +
    `in the namespace "n"`;
  await using server = startServer((request) => {
    const code = Number(new URL(request.url).searchParams.get("code"));
    return status(code, code === 403 ? refused : `pods "p" not found`);
  });
  await using transport = new Transport(plainClusterConfig(server.url));
  const open = (code: number) =>
    transport.openSocket({
      path: PATH,
      querystring: new URLSearchParams({ code: String(code) }),
      protocols: PROTOCOLS,
    });
  const forbidden = await open(403).catch((error) => error);
  ok(forbidden instanceof ApiError);
  strictEqual(
    forbidden.message,
    `Cannot get pods/exec "p" in namespace "n": forbidden for "u"; grant it with a Role rule ` +
      `{ apiGroups: [""], resources: ["pods/exec"], verbs: ["get"] }`,
  );
  const missing = await open(404).catch((error) => error);
  deepStrictEqual([missing.httpCode, missing.resource], [404, "pods/exec"]);
  deepStrictEqual(transport.stats.byOutcome, { "get pods/exec 403": 1, "get pods/exec 404": 1 });
});

Deno.test("Transport.openSocket() asks again after 401 with new credentials, and after 429", async () => {
  const answers = [status(401, "expired"), status(429, "later")];
  await using server = startServer(() => answers.shift());
  const config = plainClusterConfig(server.url);
  let refreshed = 0;
  const credentials = { ...config.credentials, refresh: () => void refreshed++ };
  await using transport = new Transport({ ...config, credentials }, { random: () => 0 });
  const socket = await transport.openSocket({ path: PATH, protocols: PROTOCOLS });
  await socket.close();
  strictEqual(refreshed, 1);
  strictEqual(transport.stats.requests, 3);
});

Deno.test("Transport.openSocket() rejects with the signal's reason, and ends an open socket with it", async () => {
  await using server = startServer();
  await using transport = new Transport(plainClusterConfig(server.url));
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await rejects(
    transport.openSocket({ path: PATH, protocols: PROTOCOLS, abortSignal: signal }),
    reason,
  );
  const controller = new AbortController();
  const socket = await transport.openSocket({
    path: PATH,
    protocols: PROTOCOLS,
    abortSignal: controller.signal,
  });
  const waiting = rejects(socket.receive(), reason);
  controller.abort(reason);
  await waiting;
  await server.closed;
});

Deno.test("Transport.close() ends an open socket", async () => {
  await using server = startServer();
  await using transport = new Transport(plainClusterConfig(server.url));
  const socket = await transport.openSocket({ path: PATH, protocols: PROTOCOLS });
  const waiting = rejects(socket.receive(), /transport was closed/);
  await transport.close();
  await waiting;
  await rejects(transport.openSocket({ path: PATH, protocols: PROTOCOLS }), /transport was closed/);
});

Deno.test("Transport.openSocket() gives a server up that does not answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using transport = new Transport(
    plainClusterConfig(`http://127.0.0.1:${listener.addr.port}`),
    { requestTimeout: 50 },
  );
  const failure = await transport.openSocket({ path: PATH, protocols: PROTOCOLS })
    .catch((error) => error);
  ok(failure instanceof ConnectionError);
  ok(failure.timedOut);
});

Deno.test("Transport.openSocket() names the server where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using transport = new Transport(plainClusterConfig(`http://127.0.0.1:${port}`));
  await rejects(
    transport.openSocket({ path: PATH, protocols: PROTOCOLS }),
    /^ConnectionError: Cannot get pods\/exec "p" in namespace "n": no answer from "http:.*refused/i,
  );
});

Deno.test("Transport.openSocket() verifies the server by the cluster's authority", async () => {
  const authority = await makeCertificate("authority", { ca: true });
  const stranger = await makeCertificate("stranger", { ca: true });
  const leaf = await makeCertificate("server", { issuer: authority, hosts: ["127.0.0.1"] });
  await using server = startServer(undefined, { cert: leaf.cert, key: leaf.key });
  const open = async (caCerts: string[]) => {
    await using transport = new Transport(tlsConfig(server.url, { caCerts }));
    const socket = await transport.openSocket({ path: PATH, protocols: PROTOCOLS });
    await socket.send(Uint8Array.of(3));
    deepStrictEqual(await socket.receive(), Uint8Array.of(3));
    await socket.close();
  };
  await open([authority.cert]);
  await rejects(open([stranger.cert]), /^ConnectionError: .*UnknownIssuer/);
});

Deno.test({
  name: "Transport.openSocket() presents the client certificate",
  // node:https asks for none before
  ignore: Number(Deno.version.deno.split(".")[1]) < 9,
  fn: presentsClientCertificate,
});

async function presentsClientCertificate(): Promise<void> {
  const authority = await makeCertificate("authority", { ca: true });
  const leaf = await makeCertificate("server", { issuer: authority, hosts: ["127.0.0.1"] });
  const client = await makeCertificate("someone", { issuer: authority, organization: "us" });
  const server = createServer({
    cert: leaf.cert,
    key: leaf.key,
    ca: [authority.cert],
    requestCert: true,
  });
  server.on("upgrade", (request, socket) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    socket.end(`HTTP/1.1 418 Teapot\r\ncontent-length: 7\r\n\r\n${subject.CN}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { cert, key } = client;
  {
    await using transport = new Transport(
      tlsConfig(url, { caCerts: [authority.cert], cert, key }),
    );
    await rejects(transport.openSocket({ path: PATH, protocols: PROTOCOLS }), /someone/);
  }
  const closed = once(server, "close");
  server.close();
  await closed;
}

Deno.test("Transport.openSocket() refuses to go by a proxy", async () => {
  const tls = { caCerts: [], proxy: { url: "http://127.0.0.1:1" } };
  await using transport = new Transport(tlsConfig("http://127.0.0.1:2", tls));
  await rejects(transport.openSocket({ path: PATH, protocols: PROTOCOLS }), {
    name: "ConfigError",
    message: `Cannot use a test: a WebSocket does not go by "proxy-url"`,
  });
});
