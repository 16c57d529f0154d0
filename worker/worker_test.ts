import { deepStrictEqual, match, ok as assert, rejects, strictEqual } from "node:assert/strict";
import { Worker, type WorkerEvent } from "./mod.ts";

/** Starts a worker on a free port; resolves when it listens. */
async function started(options: { grace?: number } = {}): Promise<Started> {
  const worker = await Worker.create({ name: "w", port: 0, hostname: "127.0.0.1", ...options });
  const listening = Promise.withResolvers<void>();
  worker.onWorkerEvent((e) => {
    if (e.type === "started") listening.resolve();
  });
  const running = worker.start();
  await Promise.race([listening.promise, running]);
  const url = `http://127.0.0.1:${worker.address!.port}`;
  return { worker, running, url };
}

interface Started {
  worker: Worker;
  running: Promise<void>;
  url: string;
}

async function get(url: string): Promise<[status: number, body: string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

Deno.test("Worker serves the handler's answers when it is started", async () => {
  const { worker, running, url } = await started();
  deepStrictEqual(await get(`${url}/`), [404, "not found\n"]);
  worker.serve(() => new Response("Hello, world!\n"));
  deepStrictEqual(await get(`${url}/`), [200, "Hello, world!\n"]);
  deepStrictEqual(await get(`${url}/troupe/livez`), [200, "ok\n"]);
  deepStrictEqual(await get(`${url}/troupe/readyz`), [200, "ok\n"]);
  deepStrictEqual(await get(`${url}/troupe/other`), [404, "not found\n"]);
  await worker.stop();
  await running;
});

Deno.test("Worker tells its life in order", async () => {
  const worker = await Worker.create({ name: "w", namespace: "n", port: 0, hostname: "127.0.0.1" });
  const events: WorkerEvent[] = [];
  worker.onWorkerEvent(async (e) => {
    await Promise.resolve();
    events.push(e);
    if (e.type === "started") worker.stop();
  });
  await worker.start();
  deepStrictEqual(events.map((e) => e.type), ["starting", "started", "stopping", "stopped"]);
  const { kind, name, namespace, hostname, port } = events[1]!;
  deepStrictEqual({ kind, name, namespace }, { kind: "Worker", name: "w", namespace: "n" });
  strictEqual(hostname, "127.0.0.1");
  assert(port! > 0);
});

Deno.test("Worker finishes a request when it is stopped", async () => {
  const { worker, running, url } = await started();
  const arrived = Promise.withResolvers<void>();
  const proceed = Promise.withResolvers<void>();
  worker.serve(async () => {
    arrived.resolve();
    await proceed.promise;
    return new Response("late");
  });
  const answer = get(`${url}/`);
  await arrived.promise;
  const stopped = worker.stop();
  proceed.resolve();
  deepStrictEqual(await answer, [200, "late"]);
  await stopped;
  await running;
});

Deno.test("Worker answers 503 when the grace period is over", async () => {
  const { worker, running, url } = await started({ grace: 20 });
  const arrived = Promise.withResolvers<void>();
  const never = Promise.withResolvers<Response>();
  worker.serve(() => {
    arrived.resolve();
    return never.promise;
  });
  const answer = get(`${url}/`);
  await arrived.promise;
  await worker.stop();
  await running;
  deepStrictEqual(await answer, [503, "stopping\n"]);
});

Deno.test("Worker reports a handler that throws and goes on", async () => {
  const { worker, running, url } = await started();
  const errors: string[] = [];
  const off = worker.onError((e) => void errors.push(e.message));
  worker.onWorkerEvent(() => Promise.reject(new Error("from an event handler")));
  worker.serve(() => {
    throw new Error("from serve");
  });
  deepStrictEqual(await get(`${url}/`), [500, "internal error\n"]);
  worker.serve(() => new Response("fine"));
  deepStrictEqual(await get(`${url}/`), [200, "fine"]);
  await worker.stop();
  await running;
  off();
  deepStrictEqual(errors, ["from serve", "from an event handler", "from an event handler"]);
});

Deno.test("Worker reports a handler that gives no answer", async () => {
  const { worker, running, url } = await started();
  const errors: Error[] = [];
  worker.onError((e) => void errors.push(e));
  for (const handler of [() => undefined, () => Promise.resolve("text")]) {
    worker.serve(handler as never);
    deepStrictEqual(await get(`${url}/`), [500, "internal error\n"]);
  }
  await worker.stop();
  await running;
  strictEqual(errors.length, 2);
});

Deno.test({
  name: "Worker.stop() does not wait for connections that are idle",
  sanitizeOps: false, // before 2.5 Deno leaves a connection alone on which nothing was asked
  sanitizeResources: false,
  async fn() {
    const { worker, running, url } = await started(); // its grace is longer than a test may take
    const { port } = worker.address!;
    using silent = await Deno.connect({ port });
    using kept = await Deno.connect({ port });
    await kept.write(new TextEncoder().encode("GET /troupe/livez HTTP/1.1\r\nhost: w\r\n\r\n"));
    const buffer = new Uint8Array(1024);
    const answer = new TextDecoder().decode(buffer.subarray(0, (await kept.read(buffer))!));
    match(answer, /^HTTP\/1.1 200/);
    await worker.stop();
    await running;
    strictEqual(await kept.read(buffer), null);
    assert(silent.remoteAddr);
    await rejects(fetch(url), TypeError);
  },
});

Deno.test("Worker.stop() may be awaited in a handler", async () => {
  const { worker, running, url } = await started(); // its grace is longer than a test may take
  worker.onWorkerEvent((e) => e.type === "stopping" ? worker.stop() : undefined);
  worker.serve(async () => {
    await worker.stop();
    return new Response("bye");
  });
  deepStrictEqual(await get(`${url}/`), [200, "bye"]);
  await running;
});

Deno.test("Worker.stop() lets a response be sent to its end", async () => {
  const { worker, running, url } = await started();
  const proceed = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    async start(controller): Promise<void> {
      controller.enqueue(new TextEncoder().encode("begin "));
      await proceed.promise;
      controller.enqueue(new TextEncoder().encode("end"));
      controller.close();
    },
  });
  worker.serve(() => new Response(body));
  const response = await fetch(url);
  const stopped = worker.stop();
  proceed.resolve();
  strictEqual(await response.text(), "begin end");
  await stopped;
  await running;
});

Deno.test("Worker.start() says which address is in use", async () => {
  const { worker, running } = await started();
  const { port } = worker.address!;
  const second = await Worker.create({ name: "second", port, hostname: "127.0.0.1" });
  await rejects(() => second.start(), {
    message: `Cannot start worker "second": address "127.0.0.1:${port}" is in use`,
  });
  await worker.stop();
  await running;
});

Deno.test("Worker.start() refuses to start twice", async () => {
  const { worker, running } = await started();
  await rejects(() => worker.start(), { message: 'Cannot start worker "w": it is started' });
  await worker[Symbol.asyncDispose]();
  await running;
  await rejects(() => worker.start(), { message: 'Cannot start worker "w": it is stopped' });
});

Deno.test("Worker.start() ends when a signal aborts", async () => {
  const worker = await Worker.create({ name: "w", port: 0, hostname: "127.0.0.1" });
  const controller = new AbortController();
  worker.onWorkerEvent((e) => e.type === "started" && controller.abort());
  await worker.start({ signal: controller.signal });
  const aborted = await Worker.create({ name: "w", port: 0, hostname: "127.0.0.1" });
  await aborted.start({ signal: AbortSignal.abort() });
});

Deno.test("Worker.create() names every bad option", async () => {
  await rejects(
    // @ts-expect-error: an unknown field
    () => Worker.create({ name: "Bad_Name", port: 70000, prot: 1 }),
    (e: Error) => {
      assert(e instanceof TypeError);
      match(e.message, /^Cannot create worker: "name" given "Bad_Name", allowed is a DNS label/);
      match(
        e.message,
        /"port" given 70000, allowed is an integer from 0 \(any free port\) to 65535/,
      );
      match(e.message, /"prot" is no known field, allowed are "name", "namespace", "port"/);
      assert(!e.message.includes("\n"));
      return true;
    },
  );
});

Deno.test("Worker.create() takes port, address and namespace from the environment", async () => {
  const env = { TROUPE_PORT: "0", POD_IP: "127.0.0.9", POD_NAMESPACE: "team" };
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    const worker = await Worker.create({ name: "w", port: 8086 });
    const address = Promise.withResolvers<Deno.NetAddr>();
    worker.onWorkerEvent((e) => e.type === "started" && address.resolve(worker.address!));
    const running = worker.start();
    const { hostname, port } = await address.promise;
    strictEqual(worker.namespace, "team");
    strictEqual(hostname, "127.0.0.9");
    assert(port !== 8086);
    await worker.stop();
    await running;
    Deno.env.set("TROUPE_PORT", "abc");
    await rejects(() => Worker.create({ name: "w" }), {
      message:
        'Cannot create worker: "TROUPE_PORT" given "abc", allowed is an integer from 0 to 65535',
    });
  } finally {
    for (const name of Object.keys(env)) Deno.env.delete(name);
  }
});
