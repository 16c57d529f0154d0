import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { ScriptedServer } from "../../testing/scripted_server.ts";
import { plainClusterConfig } from "../config/mod.ts";
import { ApiError, isAlreadyExists, isConflict, isGone, isNotFound } from "./api_error.ts";
import { ConnectionError } from "./connection_error.ts";
import { drive } from "./testdata/drive.ts";
import { Transport } from "./transport.ts";
import type { TransportOptions } from "./transport_options.ts";
import type { RequestRecord } from "./transport_stats.ts";
import { VERSION } from "./version.ts";

const PODS = "/api/v1/namespaces/default/pods";
const LIST = { kind: "PodList", apiVersion: "v1", metadata: {}, items: [] };

function connect(server: { url: string }, options: TransportOptions = {}): Transport {
  return new Transport(plainClusterConfig(server.url, { token: "t" }), options);
}

function list(transport: Transport, abortSignal?: AbortSignal): Promise<unknown> {
  return transport.performRequest({ method: "GET", path: PODS, expectJson: true, abortSignal });
}

function watch(
  transport: Transport,
  abortSignal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const querystring = new URLSearchParams({ watch: "true" });
  return transport.performRequest({
    method: "GET",
    path: PODS,
    querystring,
    expectStream: true,
    abortSignal,
  });
}

function status(code: number, reason: string, message: string): Record<string, unknown> {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}

Deno.test("VERSION is that of deno.json", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  strictEqual(JSON.parse(text).version, VERSION);
});

Deno.test("Transport.performRequest() sends token, user agent, query and body", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { userAgent: "me/1" });
  const posted = server.expect({
    method: "POST",
    path: PODS,
    query: { dryRun: "All" },
    headers: {
      "authorization": "Bearer t",
      "user-agent": "me/1",
      "accept": "application/json",
      "content-type": "application/apply-patch+yaml",
    },
  }, [{ status: 201, json: { a: 1 } }]);
  const answer = await transport.performRequest({
    method: "POST",
    path: PODS,
    querystring: new URLSearchParams({ dryRun: "All" }),
    contentType: "application/apply-patch+yaml",
    bodyJson: { b: 2 },
    expectJson: true,
  });
  deepStrictEqual(answer, { a: 1 });
  strictEqual((await posted.called()).body, `{"b":2}`);
});

Deno.test("Transport.performRequest() sends JSON bodies that are falsy", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  for (const bodyJson of [false, 0, "", null]) {
    const call = server.expect({
      method: "PUT",
      path: "/x",
      headers: { "content-type": "application/json", "user-agent": `troupe/${VERSION}` },
    }, [{ status: 200, json: {} }]);
    await transport.performRequest({ method: "PUT", path: "/x", bodyJson });
    strictEqual((await call.called()).body, JSON.stringify(bodyJson));
  }
});

Deno.test("Transport.performRequest() keeps the server's own path and refuses dot segments", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect({ url: `${server.url}/k8s/clusters/c-1/` });
  server.expect({ path: `/k8s/clusters/c-1${PODS}` }, [{ status: 200, json: LIST }]);
  deepStrictEqual(await list(transport), LIST);
  for (const name of ["..", ".", "%2e%2E"]) {
    const path = `${PODS}/${name}/secrets`;
    await rejects(transport.performRequest({ method: "GET", path }), /is not valid/);
  }
});

Deno.test("Transport.performRequest() gives bytes where no JSON is expected", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  server.expect({ path: `${PODS}/a/log` }, [{ status: 200 }, { bytes: "hi" }, "end"]);
  const bytes = await transport.performRequest({ method: "GET", path: `${PODS}/a/log` });
  deepStrictEqual(bytes, new TextEncoder().encode("hi"));
});

Deno.test("Transport.performRequest() refuses a tunnel", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  await rejects(
    transport.performRequest({ method: "GET", path: `${PODS}/a/exec`, expectTunnel: ["v4"] }),
    /^Error: Cannot get pods\/exec "a" in namespace "default": tunnels are not supported$/,
  );
});

Deno.test("Transport.performRequest() reads a Status whatever the headers say", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  const body = JSON.stringify(status(404, "NotFound", `pods "a" not found`));
  server.expect({ path: `${PODS}/a` }, [
    { status: 404, headers: { "content-type": "text/plain" } },
    { bytes: body },
    "end",
  ]);
  const failure = await transport.performRequest({ method: "GET", path: `${PODS}/a` })
    .catch((error) => error);
  ok(failure instanceof ApiError && isNotFound(failure));
  strictEqual(
    failure.message,
    `Cannot get pods "a" in namespace "default": pods "a" not found`,
  );
  const { httpCode, reason, verb, resource, objectName, namespace } = failure;
  deepStrictEqual({ httpCode, reason, verb, resource, objectName, namespace }, {
    httpCode: 404,
    reason: "NotFound",
    verb: "get",
    resource: "pods",
    objectName: "a",
    namespace: "default",
  });
});

Deno.test("Transport.performRequest() tells kinds of failure apart", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  const fail = async (code: number, json: unknown) => {
    server.expect({ path: PODS }, [{ status: code, json }]);
    return await list(transport).then(() => undefined, (error) => error);
  };
  ok(isConflict(await fail(409, status(409, "Conflict", "changed"))));
  const exists = await fail(409, status(409, "AlreadyExists", "there"));
  ok(isAlreadyExists(exists) && !isConflict(exists));
  ok(isGone(await fail(410, status(410, "Expired", "too old"))));
  match((await fail(418, "short and stout")).message, /: "short and stout"$/);
  match(
    (await fail(403, status(403, "Forbidden", ""))).message,
    /grant it with a Role rule \{ apiGroups: \[""\], resources: \["pods"\], verbs: \["list"\] \}$/,
  );
  match((await fail(302, {})).message, /HTTP 302$|\{\}$/);
});

Deno.test("Transport.performRequest() honors Retry-After of 429, for a write too", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { random: () => 0 });
  using time = new FakeTime(0);
  const busy = status(429, "TooManyRequests", "slow down");
  server.expect({ method: "POST", path: PODS }, [
    { status: 429, headers: { "retry-after": "7" }, json: busy },
  ]);
  server.expect({ method: "POST", path: PODS }, [{ status: 201, json: LIST }]);
  const created = transport.performRequest({
    method: "POST",
    path: PODS,
    bodyJson: {},
    expectJson: true,
  });
  deepStrictEqual(await drive(time, transport, created), LIST);
  strictEqual(time.now, 7125);
  deepStrictEqual(transport.stats, {
    requests: 2,
    retries: 1,
    throttledMs: 0,
    byOutcome: { "create pods 429": 1, "create pods 201": 1 },
  });
});

Deno.test("Transport.performRequest() gives up after maxRetries and tells what was asked", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { maxRetries: 2 });
  using time = new FakeTime(0);
  server.expect({ path: PODS, times: 3 }, [
    { status: 429, headers: { "retry-after": "1" }, json: {} },
  ]);
  const failure = await drive(time, transport, list(transport)).catch((error) => error);
  ok(failure instanceof ApiError);
  strictEqual(failure.retryAfterMs, 1000);
});

Deno.test("Transport.performRequest() repeats a read after 503 and a cut, a write never", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  using time = new FakeTime(0);
  server.expect({ path: PODS }, [{ status: 503, json: {} }]);
  server.expect({ path: PODS }, ["cut"]);
  server.expect({ path: PODS }, [{ status: 200 }, { bytes: `{"kind":` }, "cut"]);
  server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
  deepStrictEqual(await drive(time, transport, list(transport)), LIST);
  const write = () => {
    const request = { method: "PATCH", path: `${PODS}/a`, bodyJson: {} } as const;
    return drive(time, transport, transport.performRequest(request));
  };
  server.expect({ method: "PATCH", path: `${PODS}/a` }, [{ status: 503, json: {} }]);
  await rejects(write, ApiError);
  server.expect({ method: "PATCH", path: `${PODS}/a` }, ["cut"]); // on a connection used before
  await rejects(write, ConnectionError);
});

Deno.test("Transport.performRequest() names the server when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  await using transport = connect({ url }, { maxRetries: 0 });
  const failure = await list(transport).catch((error) => error);
  ok(failure instanceof ConnectionError);
  match(
    failure.message,
    /^Cannot list pods in namespace "default": no answer from "http:.*": .*refused/i,
  );
  ok(!failure.message.includes("error sending request"), failure.message);
});

Deno.test("Transport.performRequest() stays within its budget when every request fails", async () => {
  await using server = ScriptedServer.start();
  const perSecond = 40, burst = 5;
  await using transport = connect(server, { budget: { perSecond, burst } });
  const failing = server.expect({ path: PODS, times: Infinity }, [{ status: 500, json: {} }]);
  const stop = new AbortController();
  const start = performance.now();
  const hammer = async () => {
    while (!stop.signal.aborted) await list(transport, stop.signal).catch(() => {});
  };
  const all = Array.from({ length: 20 }, hammer);
  while (failing.count < burst + 20) await failing.called(failing.count + 1);
  const seconds = (performance.now() - start) / 1000;
  const sent = failing.count;
  stop.abort();
  await Promise.all(all);
  ok(sent <= burst + perSecond * seconds + 1, `${sent} in ${seconds} s`);
  ok(transport.stats.throttledMs > 0);
});

Deno.test("Transport.performRequest() times out when the server is silent, and takes a new connection", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { requestTimeout: 30_000 });
  server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
  await list(transport);
  for (const reply of [["stall"], [{ status: 200 }, { bytes: "{" }, "stall"]] as const) {
    using time = new FakeTime(0);
    const stalled = server.expect({ path: PODS }, reply);
    const failing = list(transport).catch((error) => error);
    await stalled.called();
    time.tick(30_000);
    const failure = await failing;
    ok(failure instanceof ConnectionError && failure.timedOut);
    match(failure.message, /: no answer from "http:.*" within 30000 ms$/);
    await stalled.left();
  }
  const again = server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
  await list(transport);
  strictEqual((await again.called()).connection > 1, true);
});

Deno.test("Transport.performRequest() never times a stream out, only its headers", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { requestTimeout: 1000 });
  using time = new FakeTime(0);
  const watching = server.expect({ path: PODS }, [{ status: 200 }, "pause", { bytes: "x" }, "end"]);
  const stream = await watch(transport);
  time.tick(3_600_000);
  watching.release();
  strictEqual(await new Response(stream).text(), "x");

  const stalled = server.expect({ path: PODS }, ["stall"]);
  const failing = watch(transport).catch((error) => error);
  await stalled.called();
  time.tick(1000);
  ok((await failing).timedOut);
});

Deno.test("Transport.performRequest() parses a stream of JSON lines however it is cut up", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  server.expect({ path: PODS }, [
    { status: 200 },
    { bytes: `{"a":1}\n{"b"` },
    { bytes: `:"ü` },
    { bytes: `"}\n\n{"c":3}` },
    "end",
  ]);
  const request = { method: "GET", path: PODS, expectStream: true, expectJson: true } as const;
  const values = await Array.fromAsync(await transport.performRequest(request));
  deepStrictEqual(values, [{ a: 1 }, { b: "ü" }, { c: 3 }]);

  server.expect({ path: PODS }, [{ status: 200 }, { bytes: `{"a":1}\n{"trunc` }, "end"]);
  await rejects(Array.fromAsync(await transport.performRequest(request)), SyntaxError);
});

Deno.test("Transport.performRequest() makes a stream fail when it is cut", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  server.expect({ path: PODS }, [{ status: 200 }, { bytes: "x" }, "cut"]);
  const reader = (await watch(transport)).getReader();
  strictEqual(new TextDecoder().decode((await reader.read()).value), "x");
  await rejects(reader.read(), ConnectionError);
});

Deno.test("Transport.performRequest() leaves the connection when a stream is canceled", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server);
  const watching = server.expect({ path: PODS }, [{ status: 200 }, { bytes: "x" }, "stall"]);
  for await (const chunk of await watch(transport)) {
    strictEqual(chunk.length, 1);
    break;
  }
  await watching.left();
});

Deno.test("Transport.performRequest() rejects with the signal's reason, wherever it stands", async (t) => {
  const reason = new Error("enough");
  await t.step("before it begins", async () => {
    await using server = ScriptedServer.start();
    await using transport = connect(server);
    await rejects(list(transport, AbortSignal.abort(reason)), reason);
  });
  await t.step("while it waits for an answer", async () => {
    await using server = ScriptedServer.start();
    await using transport = connect(server);
    const controller = new AbortController();
    const stalled = server.expect({ path: PODS }, ["stall"]);
    const failing = list(transport, controller.signal);
    await stalled.called();
    controller.abort(reason);
    await rejects(failing, reason);
    await stalled.left();
  });
  await t.step("while it waits for the next attempt", async () => {
    await using server = ScriptedServer.start();
    const controller = new AbortController();
    await using transport = connect(server, {
      onRequest: () => queueMicrotask(() => controller.abort(reason)),
    });
    server.expect({ path: PODS }, [{ status: 429, headers: { "retry-after": "99" }, json: {} }]);
    await rejects(list(transport, controller.signal), reason);
  });
  await t.step("while it waits for the budget", async () => {
    await using server = ScriptedServer.start();
    await using transport = connect(server, { budget: { perSecond: 0.001, burst: 1 } });
    server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
    await list(transport);
    const controller = new AbortController();
    const failing = list(transport, controller.signal);
    controller.abort(reason);
    await rejects(failing, reason);
  });
  await t.step("while it reads a stream", async () => {
    await using server = ScriptedServer.start();
    await using transport = connect(server);
    const controller = new AbortController();
    const watching = server.expect({ path: PODS }, [{ status: 200 }, { bytes: "x" }, "stall"]);
    const reader = (await watch(transport, controller.signal)).getReader();
    await reader.read();
    const reading = reader.read();
    controller.abort(reason);
    await rejects(reading, reason);
    await watching.left();
  });
});

Deno.test("Transport.performRequest() leaves no listener on the caller's signal", async () => {
  await using server = ScriptedServer.start();
  await using transport = connect(server, { random: () => 0 });
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  server.expect({ path: PODS }, [{ status: 500, json: {} }]);
  server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
  await list(transport, signal);
  strictEqual(listeners, 0);
  server.expect({ path: PODS }, [{ status: 404, json: {} }]);
  await rejects(list(transport, signal));
  strictEqual(listeners, 0);
  server.expect({ path: PODS }, [{ status: 200 }, { bytes: "x" }, "end"]);
  const stream = await watch(transport, signal);
  strictEqual(listeners, 1);
  await new Response(stream).text();
  strictEqual(listeners, 0);
});

Deno.test("Transport.close() aborts what is in flight and refuses what comes", async () => {
  await using server = ScriptedServer.start({ anyOrder: true });
  const transport = connect(server);
  const watching = server.expect({ path: PODS, query: { watch: "true" } }, [
    { status: 200 },
    "stall",
  ]);
  const stalled = server.expect({ path: PODS, query: { watch: undefined } }, ["stall"]);
  const reader = (await watch(transport)).getReader();
  const reading = reader.read();
  const listing = list(transport);
  await stalled.called();
  const settled = Promise.allSettled([reading, listing]);
  await transport.close();
  await transport.close();
  for (const outcome of await settled) {
    ok(outcome.status === "rejected");
    match(String(outcome.reason), /transport was closed/);
  }
  await Promise.all([watching.left(), stalled.left()]);
  await rejects(
    list(transport),
    /Cannot list pods in namespace "default": the transport was closed/,
  );
  strictEqual(server.connections, 0);
});

Deno.test("Transport.performRequest() tells onRequest of each request", async () => {
  await using server = ScriptedServer.start();
  const records: RequestRecord[] = [];
  await using transport = connect(server, {
    onRequest: (record) => records.push(record),
    random: () => 0,
  });
  server.expect({ path: PODS }, [{ status: 500, json: {} }]);
  server.expect({ path: PODS }, [{ status: 200, json: LIST }]);
  await list(transport);
  deepStrictEqual(records.map(({ verb, path, code }) => ({ verb, path, code })), [
    { verb: "list", path: PODS, code: 500 },
    { verb: "list", path: PODS, code: 200 },
  ]);
  ok(records[0]!.error instanceof ApiError && records[1]!.error === undefined);
  ok(records.every(({ ms }) => ms > 0));
});

Deno.test("Transport.performRequest() tells onRequest what a request was about", async () => {
  await using server = ScriptedServer.start();
  const records: RequestRecord[] = [];
  await using transport = connect(server, { onRequest: (record) => records.push(record) });
  server.expect({ method: "POST", path: PODS }, [{ status: 201, json: {} }]);
  server.expect({ method: "PUT", path: `${PODS}/web/status` }, [{ status: 200, json: {} }]);
  server.expect({ path: "/version" }, [{ status: 200, json: {} }]);
  const bodyJson = { metadata: { name: "made" } };
  await transport.performRequest({ method: "POST", path: PODS, bodyJson });
  await transport.performRequest({ method: "PUT", path: `${PODS}/web/status`, bodyJson: {} });
  await transport.performRequest({ method: "GET", path: "/version" });
  deepStrictEqual(
    records.map(({ verb, resource, namespace, name }) => [verb, resource, namespace, name]),
    [
      ["create", "pods", "default", "made"],
      ["update", "pods/status", "default", "web"],
      ["get", "/version", undefined, undefined],
    ],
  );
});

Deno.test({
  name: "Transport.performRequest() tells the flag that Deno needs to connect",
  permissions: { net: false },
  async fn() {
    await using transport = connect({ url: "http://127.0.0.1:6443" });
    await rejects(list(transport), {
      name: "ConfigError",
      message:
        `Cannot list pods in namespace "default": Deno may not connect to "127.0.0.1:6443", ` +
        `start with --allow-net=127.0.0.1:6443`,
    });
  },
});

Deno.test("Transport.performRequest() counts all that a failing server gets", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let received = 0;
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) serving.push(failThenClose(conn, () => received++));
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  {
    await using transport = new Transport(plainClusterConfig(url), { maxRetries: 0 });
    for (let i = 0; i < 20; i++) {
      await rejects(transport.performRequest({ method: "GET", path: "/api" }));
    }
    strictEqual(transport.stats.requests, 20);
  }
  listener.close();
  await accepting;
  await Promise.all(serving);
  strictEqual(received, 20);
});

/** Answers one request with 500, and closes at the next: a client may then send it once more. */
async function failThenClose(conn: Deno.TcpConn, onRequest: () => void): Promise<void> {
  const buffer = new Uint8Array(4_096);
  const answer = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
  for (let nth = 1; await conn.read(buffer).catch(() => null) !== null; nth++) {
    onRequest();
    if (nth > 1) break;
    await conn.write(new TextEncoder().encode(answer));
  }
  conn.close();
}
