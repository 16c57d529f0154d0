import { match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { Dispatcher } from "../../kube/mod.ts";
import type { Check } from "./check.ts";
import { coordinatorChecks } from "./coordinator_checks.ts";
import { EventLoopMonitor } from "./event_loop_monitor.ts";
import { HealthServer, type HealthServerOptions } from "./health_server.ts";
import { watchHealth } from "./testdata/watch_health.ts";

interface Scene extends AsyncDisposable {
  readonly server: HealthServer;
  live: Check[];
  ready: Check[];
  get(path: string, init?: RequestInit): Promise<{ response: Response; text: string }>;
}

function start(options: Partial<HealthServerOptions> = {}): Scene {
  const scene: Scene = {
    live: [{ name: "event-loop" }],
    ready: [{ name: "started" }, { name: "watch/team/pods" }],
    server: HealthServer.start({
      port: 0,
      hostname: "127.0.0.1",
      checks: { live: () => scene.live, ready: () => scene.ready },
      metrics: () => "a_total 1\n",
      ...options,
    }),
    async get(path, init) {
      const response = await fetch(`http://127.0.0.1:${scene.server.port}${path}`, init);
      return { response, text: await response.text() };
    },
    [Symbol.asyncDispose]: () => scene.server.close(),
  };
  return scene;
}

Deno.test("HealthServer answers /livez and /readyz shortly while all is well", async () => {
  await using scene = start();
  for (const path of ["/livez", "/readyz"]) {
    const { response, text } = await scene.get(path);
    strictEqual(response.status, 200);
    strictEqual(text, "ok\n");
  }
});

Deno.test("HealthServer answers 500 and 503 with a line for each check that failed", async () => {
  await using scene = start();
  scene.live = [{ name: "event-loop", failure: "late" }, { name: "a" }, {
    name: "b",
    failure: "c",
  }];
  scene.ready = [{ name: "started", failure: "not yet" }];
  const live = await scene.get("/livez");
  strictEqual(live.response.status, 500);
  strictEqual(live.text, "[-]event-loop failed: late\n[-]b failed: c\n");
  const ready = await scene.get("/readyz");
  strictEqual(ready.response.status, 503);
  strictEqual(ready.text, "[-]started failed: not yet\n");
});

Deno.test("HealthServer lists all checks with ?verbose", async () => {
  await using scene = start();
  const passed = await scene.get("/readyz?verbose");
  strictEqual(passed.text, "[+]started ok\n[+]watch/team/pods ok\nreadyz check passed\n");
  scene.live = [{ name: "a" }, { name: "b", failure: "c\n  d" }];
  const failed = await scene.get("/livez?verbose=1");
  strictEqual(failed.text, "[+]a ok\n[-]b failed: c d\nlivez check failed\n");
});

Deno.test("HealthServer answers /livez while a handler of the program waits", async () => {
  await using scene = start();
  const blocked = Promise.withResolvers<void>();
  const dispatcher = new Dispatcher<string>(() => blocked.promise, {
    key: String,
    onError: () => {},
  });
  using loop = new EventLoopMonitor();
  loop.start();
  const checks = coordinatorChecks({ loop, stopping: false, watches: () => [watchHealth()] });
  scene.live = [...checks.live()];
  dispatcher.push({ type: "added", object: "a", replayed: false });
  dispatcher.push({ type: "added", object: "a", replayed: false });
  strictEqual((await scene.get("/livez")).text, "ok\n");
  strictEqual(dispatcher.running, 1);
  scene.live = [...checks.live()];
  strictEqual(
    (await scene.get("/livez?verbose")).text,
    "[+]event-loop ok\n[+]watch/team/pods ok\nlivez check passed\n",
  );
  blocked.resolve();
  await dispatcher.settled();
});

Deno.test("HealthServer answers /metrics with the type that Prometheus wants", async () => {
  await using scene = start();
  const { response, text } = await scene.get("/metrics");
  strictEqual(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  strictEqual(text, "a_total 1\n");
});

Deno.test("HealthServer answers HEAD without a body, and no other method", async () => {
  await using scene = start({ recording: () => ReadableStream.from([new Uint8Array(3)]) });
  for (const path of ["/livez", "/metrics", "/debug/recorder"]) {
    const { response, text } = await scene.get(path, { method: "HEAD" });
    strictEqual(response.status, 200, path);
    strictEqual(text, "");
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { response } = await scene.get("/livez", { method });
    strictEqual(response.status, 405, method);
    strictEqual(response.headers.get("allow"), "GET, HEAD");
  }
});

Deno.test("HealthServer answers 404 for anything else, the recorder included unless it is given", async () => {
  await using scene = start();
  for (const path of ["/", "/livez/x", "/healthz", "/debug/recorder"]) {
    strictEqual((await scene.get(path)).response.status, 404, path);
  }
});

Deno.test("HealthServer sends the recorder's entries from the asked one on", async () => {
  const asked: number[] = [];
  await using scene = start({
    recording: ({ since }) => {
      asked.push(since);
      return new Blob(['{"id":1}\n']).stream();
    },
  });
  const { response, text } = await scene.get("/debug/recorder?since=41");
  strictEqual(response.headers.get("content-type"), "application/x-ndjson");
  strictEqual(text, '{"id":1}\n');
  await scene.get("/debug/recorder");
  strictEqual(asked.join(), "41,0");
  strictEqual((await scene.get("/debug/recorder?since=x")).response.status, 400);
});

Deno.test("HealthServer answers 500 when a check throws, and goes on", async () => {
  let broken = true;
  await using scene = start({
    metrics: () => {
      if (broken) throw new Error("no numbers");
      return "";
    },
  });
  const { response, text } = await scene.get("/metrics");
  strictEqual(response.status, 500);
  match(text, /no numbers/);
  broken = false;
  strictEqual((await scene.get("/metrics")).response.status, 200);
});

Deno.test("HealthServer.start() names the address that is in use", async () => {
  await using scene = start();
  const { port } = scene.server;
  throws(() => start({ port }), {
    message: `Cannot serve health at "127.0.0.1:${port}": the address is in use`,
  });
});

Deno.test("HealthServer.close() lets an answer under way finish, and is idempotent", async () => {
  const scene = start({
    recording: () =>
      new ReadableStream({
        pull(controller): void {
          closing ??= scene.server.close();
          controller.enqueue(new TextEncoder().encode("line\n"));
          controller.close();
        },
      }, { highWaterMark: 0 }),
  });
  let closing: Promise<void> | undefined;
  const { text } = await scene.get("/debug/recorder");
  strictEqual(text, "line\n");
  ok(closing);
  await Promise.all([closing, scene.server.close()]);
});

Deno.test("HealthServer.close() does not wait for who holds a connection open", async () => {
  const scene = start();
  const { port } = scene.server;
  using silent = await Deno.connect({ hostname: "127.0.0.1", port });
  using half = await Deno.connect({ hostname: "127.0.0.1", port });
  await half.write(new TextEncoder().encode("GET /livez HTTP/1.1\r\nHost:"));
  await scene.get("/livez"); // by now both connections were accepted
  await scene.server.close();
  for (const connection of [silent, half]) {
    strictEqual(await connection.read(new Uint8Array(1)).catch(() => null), null);
  }
});

Deno.test("HealthServer.close() cuts an answer that is not sent within a second", async () => {
  using time = new FakeTime();
  const scene = start({ recording: () => new ReadableStream() });
  const asked = fetch(`http://127.0.0.1:${scene.server.port}/debug/recorder`);
  const response = await asked;
  let closed = false;
  const closing = scene.server.close().then(() => closed = true);
  await time.tickAsync(999);
  strictEqual(closed, false);
  await time.tickAsync(1);
  await closing;
  await rejects(response.text());
});
