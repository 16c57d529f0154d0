import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { connect } from "node:net";
import { ApiServer } from "./server.ts";
import { call } from "./test_client.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

/** Sends raw text and reads until the server closes. */
function raw(server: ApiServer, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
  let answer = "";
  socket.on("data", (data: Uint8Array) => answer += new TextDecoder().decode(data));
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

Deno.test("ApiServer has its first namespaces and accounts when it starts", async () => {
  await using server = await ApiServer.start();
  const { body } = await call(server, "GET /api/v1/namespaces");
  const names = body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  deepStrictEqual(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
  strictEqual(
    (await call(server, "GET /api/v1/namespaces/default/serviceaccounts/default")).code,
    200,
  );
});

Deno.test("ApiServer refuses a host that is not loopback", async () => {
  await using server = await ApiServer.start();
  const answer = await raw(
    server,
    "GET /api/v1/pods HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n",
  );
  match(answer, /^HTTP\/1.1 403/);
});

Deno.test("ApiServer refuses requests of web pages", async () => {
  await using server = await ApiServer.start();
  const answer = await raw(
    server,
    "GET /api/v1/pods HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n" +
      "Connection: close\r\n\r\n",
  );
  match(answer, /^HTTP\/1.1 403/);
});

Deno.test("ApiServer answers 413 when a body is too large", async () => {
  await using server = await ApiServer.start();
  const body = { metadata: { name: "big" }, data: { k: "x".repeat(3 * 1024 * 1024) } };
  const { code, body: status } = await call(server, `POST ${MAPS}`, { body });
  strictEqual(code, 413);
  strictEqual(status.reason, "RequestEntityTooLarge");
});

Deno.test("ApiServer is told apart by its version and healthy", async () => {
  await using server = await ApiServer.start();
  match((await call(server, "GET /version")).body.gitVersion, /^v1\.\d+\.\d+/);
  for (const path of ["/healthz", "/livez", "/readyz"]) {
    strictEqual((await call(server, `GET ${path}`)).body, "ok");
  }
});

Deno.test("discovery tells the same in both forms", async () => {
  await using server = await ApiServer.start();
  const groups = await call(server, "GET /apis");
  const names = groups.body.groups.map(({ name }: { name: string }) => name);
  const aggregated = await call(server, "GET /apis", {
    headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" },
  });
  deepStrictEqual(
    aggregated.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    names,
  );
  const apps = await call(server, "GET /apis/apps/v1");
  deepStrictEqual(apps.body.resources.map(({ name }: { name: string }) => name), [
    "controllerrevisions",
    "daemonsets",
    "daemonsets/status",
    "deployments",
    "deployments/scale",
    "deployments/status",
    "replicasets",
    "replicasets/scale",
    "replicasets/status",
    "statefulsets",
    "statefulsets/scale",
    "statefulsets/status",
  ]);
});

Deno.test("discovery has an OpenAPI document for each path of the index", async () => {
  await using server = await ApiServer.start();
  const index = await call(server, "GET /openapi/v3");
  const urls = Object.values<{ serverRelativeURL: string }>(index.body.paths);
  ok(urls.length > 5);
  for (const { serverRelativeURL } of urls) {
    const { code, body } = await call(server, `GET ${serverRelativeURL}`);
    strictEqual(code, 200);
    ok(body.openapi);
  }
});

Deno.test("ApiServer counts unknown fields as warnings, or as errors when strict", async () => {
  await using server = await ApiServer.start();
  const body = { metadata: { name: "a" }, extra: 1 };
  const warned = await call(server, `POST ${MAPS}`, { body });
  strictEqual(warned.code, 201);
  strictEqual(warned.headers.get("warning"), '299 - "unknown field \\"extra\\""');
  const refused = await call(server, `POST ${MAPS}?fieldValidation=Strict`, { body });
  strictEqual(refused.code, 400);
  match(refused.body.message, /unknown field "extra"/);
  const ignored = await call(server, `PUT ${MAPS}/a?fieldValidation=Ignore`, { body });
  strictEqual(ignored.headers.get("warning"), null);
});

Deno.test("PATCH answers 422 with the outcome when it does not fit the kind", async () => {
  await using server = await ApiServer.start();
  await call(server, `POST ${MAPS}`, { body: { metadata: { name: "a" }, data: { k: "v" } } });
  const patch = (type: string, body: unknown) =>
    call(server, `PATCH ${MAPS}/a?fieldValidation=Strict`, {
      body,
      headers: { "content-type": `application/${type}+json` },
    });
  const merged = await patch("merge-patch", { extra: 1 });
  strictEqual(merged.code, 422);
  match(
    merged.body.message,
    /^ "" is invalid: patch: Invalid value: "\{.*\}": strict decoding error: unknown field "extra"$/,
  );
  strictEqual(merged.body.details.causes[0].field, "patch");
  const strategic = await patch("strategic-merge-patch", { data: { k: "w" }, extra: [1, null] });
  strictEqual(
    strategic.body.message,
    ' "" is invalid: patch: Invalid value: "map[data:map[k:w] extra:[1 <nil>]]": ' +
      'strict decoding error: unknown field "extra"',
  );
  const typed = await patch("json-patch", [{ op: "add", path: "/data/k", value: 1 }]);
  strictEqual(typed.code, 422);
  const other = await patch("merge-patch", { kind: "Secret" });
  match(other.body.message, /unknown conversion$/);
});

Deno.test("POST of a Node without status gives one that typed clients can read", async () => {
  await using server = await ApiServer.start();
  const { body } = await call(server, "POST /api/v1/nodes", { body: { metadata: { name: "n" } } });
  deepStrictEqual(body.status, {
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: "",
      systemUUID: "",
      bootID: "",
      kernelVersion: "",
      osImage: "",
      containerRuntimeVersion: "",
      kubeletVersion: "",
      kubeProxyVersion: "",
      operatingSystem: "",
      architecture: "",
    },
  });
  strictEqual(body.metadata.managedFields, undefined);
});

Deno.test("ApiServer answers 410 when a page token is older than the history", async () => {
  await using server = await ApiServer.start();
  for (const name of ["a", "b", "c"]) {
    await call(server, `POST ${MAPS}`, { body: { metadata: { name } } });
  }
  const first = await call(server, `GET ${MAPS}?limit=1`);
  await call(server, `POST ${MAPS}`, { body: { metadata: { name: "d" } } });
  server.compact();
  const next = first.body.metadata.continue;
  const gone = await call(server, `GET ${MAPS}?limit=1&continue=${next}`);
  strictEqual(gone.code, 410);
  strictEqual(gone.body.reason, "Expired");
  const rest = await call(server, `GET ${MAPS}?continue=${gone.body.metadata.continue}`);
  strictEqual(rest.code, 200);
  strictEqual(rest.body.items.length, 3);
});

Deno.test("ApiServer answers 504 when a list wants a version of the future", async () => {
  await using server = await ApiServer.start();
  const { code, body } = await call(server, `GET ${MAPS}?resourceVersion=99999`);
  strictEqual(code, 504);
  strictEqual(body.details.causes[0].reason, "ResourceVersionTooLarge");
});

Deno.test("ApiServer records managers when objects are written", async () => {
  await using server = await ApiServer.start();
  const { body } = await call(server, `POST ${MAPS}?fieldManager=me`, {
    body: { metadata: { name: "a" }, data: { k: "v" } },
  });
  strictEqual(body.metadata.managedFields[0].manager, "me");
  strictEqual(body.metadata.managedFields[0].operation, "Update");
});

Deno.test("close() is idempotent and frees the port", async () => {
  const server = await ApiServer.start();
  const { port } = server;
  await Promise.all([server.close(), server.close()]);
  const again = await ApiServer.start({ port });
  await again.close();
});

Deno.test("close() does not wait for a connection on which nothing was asked", async () => {
  const server = await ApiServer.start();
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  strictEqual((await call(server, "GET /healthz")).code, 200); // the other one is accepted too
  await server.close();
  strictEqual(await silent.read(new Uint8Array(1)), null);
});

Deno.test("close() cuts a request that does not end", async () => {
  const server = await ApiServer.start();
  using half = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = `POST ${MAPS} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n`;
  await half.write(new TextEncoder().encode(`${head}expect: 100-continue\r\n\r\n`));
  const buffer = new Uint8Array(1024);
  const length = await half.read(buffer); // the body is waited for
  match(new TextDecoder().decode(buffer.subarray(0, length!)), /^HTTP\/1.1 100/);
  await server.close();
  strictEqual(await half.read(buffer), null);
});
