/**
 * Every way to authenticate that a kubeconfig or a pod can ask for, from the file to what the
 * server sees. None may end as an anonymous request.
 */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { kubeconfig, makeTempDir, type TempDir } from "../config/testdata/temp_dir.ts";
import { loadClusterConfig } from "../config/mod.ts";
import { ConnectionError } from "./connection_error.ts";
import { type Certificate, makeCertificate } from "./testdata/certificates.ts";
import { Transport } from "./transport.ts";

const windows = Deno.build.os === "windows";

/** Deno's node:https asks for client certificates and verifies self-signed ones from there on. */
const nodeTls = Number(Deno.version.deno.split(".")[1]) >= 9;

const authority = await makeCertificate("test authority", { ca: true });
const serving = await makeCertificate("server", { issuer: authority, hosts: ["127.0.0.1"] });

interface Server extends AsyncDisposable {
  readonly url: string;
  /** Who is accepted: a value of the Authorization header. */
  accepted: string;
  /** The Authorization headers that came. */
  readonly seen: (string | null)[];
}

/** Answers 401 to all but `accepted`. */
function startServer(tls: Certificate | undefined = serving): Server {
  const seen: (string | null)[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {}, ...tls };
  const http = Deno.serve(options, (request) => {
    const authorization = request.headers.get("authorization");
    seen.push(authorization);
    if (authorization === server.accepted) return Response.json({ kind: "APIVersions" });
    return Response.json({ kind: "Status", code: 401, reason: "Unauthorized" }, { status: 401 });
  });
  const server: Server = {
    url: `${tls ? "https" : "http"}://127.0.0.1:${http.addr.port}`,
    accepted: "",
    seen,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
  return server;
}

/** Loads a kubeconfig for the server and asks it once. */
async function connect(
  dir: TempDir,
  parts: { url: string; user?: Record<string, unknown>; cluster?: Record<string, unknown> },
): Promise<Transport> {
  const cluster = {
    server: parts.url,
    ...(parts.cluster ?? { "certificate-authority-data": btoa(authority.cert) }),
  };
  const path = await dir.write("config", kubeconfig({ cluster, user: parts.user }));
  return new Transport(await loadClusterConfig({ kubeconfig: path }), { maxRetries: 0 });
}

function ask(transport: Transport): Promise<unknown> {
  return transport.performRequest({ method: "GET", path: "/api", expectJson: true });
}

Deno.test("a token is sent to a server whose authority is given as data", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  server.accepted = "Bearer abc";
  await using transport = await connect(dir, { url: server.url, user: { token: "abc" } });
  await ask(transport);
});

Deno.test("a token is sent to a server whose authority is given as a relative path", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  await dir.write("pki/ca.crt", authority.cert);
  server.accepted = "Bearer abc";
  const cluster = { "certificate-authority": "pki/ca.crt" };
  await using transport = await connect(dir, { url: server.url, cluster });
  await ask(transport);
});

Deno.test("nothing is sent to a server of an unknown authority", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  await using transport = await connect(dir, { url: server.url, cluster: {} });
  const failure = await ask(transport).catch((error) => error);
  ok(failure instanceof ConnectionError);
  match(failure.message, /no answer from "https:.*": .*UnknownIssuer/);
  strictEqual(server.seen.length, 0);
});

Deno.test("basic authentication is sent", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  server.accepted = `Basic ${btoa("jane:pw")}`;
  const user = { username: "jane", password: "pw" };
  await using transport = await connect(dir, { url: server.url, user });
  await ask(transport);
});

Deno.test("a token file that rotated is read again when the old token is refused", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  await dir.write("token", "one\n");
  server.accepted = "Bearer one";
  await using transport = await connect(dir, { url: server.url, user: { tokenFile: "token" } });
  await ask(transport);
  await dir.write("token", "two\n");
  server.accepted = "Bearer two";
  await Promise.all([ask(transport), ask(transport), ask(transport)]);
  strictEqual(transport.stats.retries, 3);
});

Deno.test("a token that is refused even when read again is an error that names its source", async () => {
  await using dir = await makeTempDir();
  await using server = startServer();
  await dir.write("token", "stale");
  await using transport = await connect(dir, { url: server.url, user: { tokenFile: "token" } });
  await rejects(ask(transport), {
    name: "ApiError",
    message: `Cannot get /api: the credentials of kubeconfig "${dir.path}/config", context "c" ` +
      `are not accepted`,
  });
  strictEqual(server.seen.length, 2);
});

Deno.test({
  name: "an exec plugin's token is used until it is refused, and then it runs again",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    await using server = startServer();
    await dir.write(
      "bin/plugin",
      `#!/bin/sh\nread TOKEN <"$TOKEN_FILE"\n` +
        `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",' \\\n` +
        `  '"status":{"token":"'"$TOKEN"'"}}'\n`,
      0o755,
    );
    await dir.write("secret", "one\n");
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "./bin/plugin",
      env: [{ name: "TOKEN_FILE", value: `${dir.path}/secret` }],
      interactiveMode: "Never",
    };
    await using transport = await connect(dir, { url: server.url, user: { exec } });
    server.accepted = "Bearer one";
    await dir.write("secret", "two\n");
    await ask(transport);
    server.accepted = "Bearer two";
    await ask(transport);
    strictEqual(server.seen.join(), "Bearer one,Bearer one,Bearer two");
  },
});

/** Answers with the subject of the client's certificate, which it demands. */
async function startMutualTls(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer({
    cert: serving.cert,
    key: serving.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    response.setHeader("connection", "close");
    response.end(JSON.stringify({ subject }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test({
  name: "a client certificate is presented, from data, from files and from an exec plugin",
  ignore: !nodeTls || windows,
  async fn(t) {
    const jane = await makeCertificate("jane", { issuer: authority, organization: "devs" });
    await using dir = await makeTempDir();
    await dir.write("pki/jane.crt", jane.cert);
    await dir.write("pki/jane.key", jane.key);
    const status = { clientCertificateData: jane.cert, clientKeyData: jane.key };
    await dir.write("credential.json", {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      kind: "ExecCredential",
      status,
    });
    const users: Record<string, Record<string, unknown>> = {
      "data": {
        "client-certificate-data": btoa(jane.cert),
        "client-key-data": btoa(jane.key),
      },
      "files": { "client-certificate": "pki/jane.crt", "client-key": "pki/jane.key" },
      "exec plugin": {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "cat",
          args: [`${dir.path}/credential.json`],
        },
      },
    };
    for (const [name, user] of Object.entries(users)) {
      await t.step(name, async () => {
        await using server = await startMutualTls();
        await using transport = await connect(dir, { url: server.url, user });
        const { subject } = await ask(transport) as { subject: Record<string, string> };
        strictEqual(`${subject.CN} of ${subject.O}`, "jane of devs");
      });
    }
  },
});

Deno.test({
  name: "a server that demands a client certificate is an error that says so",
  ignore: !nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    await using server = await startMutualTls();
    await using transport = await connect(dir, { url: server.url });
    await rejects(ask(transport), { name: "ConnectionError", message: /CertificateRequired/ });
  },
});

Deno.test({
  name: "a client certificate that is renewed gets new connections",
  ignore: !nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    const write = async (name: string) => {
      const client = await makeCertificate(name, { issuer: authority });
      await dir.write("client.crt", client.cert);
      await dir.write("client.key", client.key);
    };
    await write("old");
    await using server = await startMutualTls();
    const user = { "client-certificate": "client.crt", "client-key": "client.key" };
    await using transport = await connect(dir, { url: server.url, user });
    const name = async () => (await ask(transport) as { subject: { CN: string } }).subject.CN;
    strictEqual(await name(), "old");
    await write("new");
    transport.config.credentials.refresh();
    strictEqual(await name(), "new");
  },
});

Deno.test("certificates that Deno cannot use are an error that names their source", async () => {
  await using dir = await makeTempDir();
  const broken = btoa("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n");
  const user = { "client-certificate-data": broken, "client-key-data": broken };
  await using transport = await connect(dir, { url: "https://127.0.0.1:6443", user });
  await rejects(ask(transport), {
    name: "ConfigError",
    message: /^Cannot use the certificates of kubeconfig ".*", context "c": /,
  });
});

Deno.test({
  name: "a server whose certificate is its own authority is verified",
  ignore: !nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    const self = await makeCertificate("self", { ca: true, hosts: ["127.0.0.1"] });
    await using server = startServer(self);
    server.accepted = "Bearer abc";
    const cluster = { "certificate-authority-data": btoa(self.cert) };
    await using transport = await connect(dir, { url: server.url, cluster });
    await ask(transport);
    await ask(transport);

    const other = await makeCertificate("self", { ca: true, hosts: ["127.0.0.1"] });
    await using impostor = startServer(other);
    await using deceived = await connect(dir, { url: impostor.url, cluster });
    await rejects(ask(deceived), ConnectionError);
    strictEqual(impostor.seen.length, 0);
  },
});

Deno.test({
  name: "tls-server-name is the name that the certificate is verified for",
  ignore: !nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    const named = await makeCertificate("named", { issuer: authority, hosts: ["kube.example"] });
    await using server = startServer(named);
    server.accepted = "Bearer abc";
    const trust = { "certificate-authority-data": btoa(authority.cert) };
    const named1 = { ...trust, "tls-server-name": "kube.example" };
    await using transport = await connect(dir, { url: server.url, cluster: named1 });
    await ask(transport);
    for (const cluster of [trust, { ...trust, "tls-server-name": "other.example" }]) {
      await using refused = await connect(dir, { url: server.url, cluster });
      await rejects(ask(refused), ConnectionError);
    }
    strictEqual(server.seen.length, 1);
  },
});

Deno.test({
  name: "insecure-skip-tls-verify lets any certificate pass",
  ignore: !nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    await using server = startServer();
    server.accepted = "Bearer abc";
    const cluster = { "insecure-skip-tls-verify": true };
    await using transport = await connect(dir, { url: server.url, cluster });
    await ask(transport);
  },
});

Deno.test({
  name: "what an older Deno cannot verify is an error that says so",
  ignore: nodeTls,
  async fn() {
    await using dir = await makeTempDir();
    const cluster = { "insecure-skip-tls-verify": true };
    await using transport = await connect(dir, { url: "https://127.0.0.1:6443", cluster });
    await rejects(ask(transport), /"insecure-skip-tls-verify" needs Deno 2\.9, this is 2\.\d/);
  },
});

Deno.test("requests go through proxy-url", async () => {
  await using dir = await makeTempDir();
  const seen: string[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  await using proxy = Deno.serve(options, (request) => {
    seen.push(`${request.url} ${request.headers.get("proxy-authorization")}`);
    return Response.json({});
  });
  const proxyUrl = `http://me:pw@127.0.0.1:${proxy.addr.port}`;
  const cluster = { "proxy-url": proxyUrl };
  await using transport = await connect(dir, { url: "http://127.0.0.1:1234", cluster });
  await ask(transport);
  strictEqual(seen.length, 1);
  match(seen[0]!, new RegExp(`/api Basic ${btoa("me:pw")}$`));
});
