import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import {
  contract,
  dialMessages,
  Group,
  type Handlers,
  KeyRing,
  Link,
  LinkedMember,
  negotiationOf,
  newKey,
} from "../messaging/mod.ts";
import { Worker } from "./mod.ts";

const talker = contract("talker", {
  wait: { input: z.object({}), output: z.string() },
  fail: { input: z.object({}), output: z.string() },
  heard: { event: z.object({ n: z.int() }) },
});

/** A worker that runs, and somebody who asks it over a real connection. */
async function startScene(
  handlers: (worker: Worker) => Partial<Handlers<typeof talker.specs>>,
  { grace = 5_000, name = "w", keys = new KeyRing([newKey()]) } = {},
) {
  const worker = await Worker.create({
    name,
    port: 0,
    hostname: "127.0.0.1",
    keys: keys.toText(),
    grace,
  });
  const talking = worker.implement(talker, {
    wait: () => "done",
    fail: () => "done",
    ...handlers(worker),
  }, { concurrency: 1 });
  const started = Promise.withResolvers<void>();
  worker.onWorkerEvent((e) => e.type === "started" && started.resolve());
  const running = worker.start();
  await started.promise;
  const { port } = worker.address!;
  const member = new LinkedMember({ name, uid: "1" }, { contract: "talker" });
  const connected = Promise.withResolvers<void>();
  const link = new Link({
    self: { role: "coordinator", name: "boss", instance: "boss-1" },
    keys: () => keys,
    negotiation: negotiationOf(talker as never),
    dial: (signal) => dialMessages({ address: "127.0.0.1", port }, { signal }),
    onState: (state) => {
      member.follow("channel" in state ? { ...state, channel: state.channel.caller } : state);
      if (state.state === "ready") connected.resolve();
    },
  });
  const group = new Group(talker);
  group.add(member);
  await connected.promise; // no test ends while hands are shaken
  return {
    keys,
    worker,
    talking,
    group,
    link,
    async [Symbol.asyncDispose]() {
      await worker.stop();
      await running;
      await link.close();
    },
  };
}

Deno.test("Worker.stop() finishes calls that run, and hands back those that wait", async () => {
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using scene = await startScene(() => ({
    wait: async () => {
      begun.resolve();
      await go.promise;
      return "done";
    },
  }));
  const call = scene.group.ask("wait", {});
  await begun.promise;
  const waits = rejects(scene.group.ask("wait", {}, { to: { worker: "w" } }), {
    name: "NotRunError",
  });
  const stopped = scene.worker.stop();
  await waits;
  go.resolve();
  strictEqual(await call, "done");
  await stopped;
});

Deno.test("Worker.stop() sends an answer to its end, however long it is", async () => {
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using scene = await startScene(() => ({
    wait: async () => {
      begun.resolve();
      await go.promise;
      return "x".repeat(8 * 2 ** 20);
    },
  }));
  const call = scene.group.ask("wait", {}, { timeout: 20_000 });
  await begun.promise;
  const stopped = scene.worker.stop();
  go.resolve();
  strictEqual((await call).length, 8 * 2 ** 20);
  await stopped;
});

Deno.test("Worker.stop() sends the events that were emitted before it", async () => {
  await using scene = await startScene(() => ({}));
  const all = Array.from({ length: 500 }, (_, n) => n);
  const heard: number[] = [];
  const last = Promise.withResolvers<void>();
  scene.group.on("heard", ({ n }) => {
    heard.push(n);
    if (n === all.at(-1)) last.resolve();
  });
  await scene.group.ask("wait", {});
  for (const n of all) scene.talking.emit("heard", { n });
  await scene.worker.stop();
  await last.promise;
  deepStrictEqual(heard, all);
});

Deno.test("Worker.stop() in a contract's handler does not wait for that handler", async () => {
  await using scene = await startScene((worker) => ({
    wait: async () => {
      await worker.stop();
      return "stopped";
    },
  }), { grace: 60_000 });
  strictEqual(await scene.group.ask("wait", {}), "stopped");
});

Deno.test("Worker.stop() waits for handlers of peers' events no longer than the grace", async () => {
  await using scene = await startScene(() => ({}), { grace: 200 });
  await using other = await startScene(() => ({}), { name: "other", keys: scene.keys });
  const { worker, link, group } = scene;
  await group.ask("wait", {});
  const met = Promise.withResolvers<void>();
  worker.onPeerEvent(({ name }) => {
    strictEqual(name, "other");
    met.resolve();
    return new Promise(() => {});
  });
  const { port } = other.worker.address!;
  const entry = { name: "other", uid: "2", address: "127.0.0.1", port };
  link.channel!.send({ t: "roster", workers: [entry] });
  await met.promise;
  await worker.stop();
});

Deno.test("Worker.stop() rejects what waits for a peer, and what is asked later", async () => {
  await using scene = await startScene(() => ({}));
  const peers = scene.worker.peers(talker);
  const waits = rejects(peers.ask("wait", {}, { timeout: Infinity }), /the worker stops$/);
  await scene.worker.stop();
  await waits;
  await rejects(peers.ask("wait", {}, { timeout: Infinity }), /the worker stops$/);
});

Deno.test("Worker.stop() before start() lets nobody wait for peers", async () => {
  const worker = await Worker.create({
    name: "w",
    port: 0,
    keys: new KeyRing([newKey()]).toText(),
  });
  worker.implement(talker, { wait: () => "", fail: () => "" });
  const waits = rejects(worker.peers(talker).ask("wait", {}), /the worker stops$/);
  await worker.stop();
  await waits;
});

Deno.test("Worker.implement() tells callers whatever handlers throw", async () => {
  let thrown: unknown;
  await using scene = await startScene(() => ({
    fail: () => {
      throw thrown;
    },
  }));
  const unshowable = new Proxy({}, {
    get() {
      throw new Error("do not look");
    },
  });
  const all = [undefined, null, 0, { message: 1 }, Object.create(null), unshowable];
  for (thrown of all) {
    const error = await scene.group.ask("fail", {}).catch((error) => error);
    strictEqual(error.name, "HandlerError");
    match(error.message, /^Cannot ask "fail" of worker "w": ./);
  }
  strictEqual(await scene.group.ask("wait", {}), "done"); // none of them has kept its place
});

Deno.test("a worker's process ends with it, also when a connection broke before", async () => {
  const program = new URL("testdata/contracted_worker.ts", import.meta.url).pathname;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-net", "--allow-env", program],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  const reader = lines.getReader();
  let printed = "";
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(printed);
      if (found) return found[1] ?? "";
      const { value, done } = await reader.read();
      if (done) throw new Error(`Cannot see ${pattern} in: ${printed}`);
      printed += value;
    }
  };
  const port = Number(await until(/port (\d+)\n/));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(UPGRADE));
  await connection.read(new Uint8Array(1000));
  connection.close(); // without a farewell
  await until(/error Unexpected EOF\n/);
  child.kill("SIGTERM");
  // a timer that is left keeps it for half a minute
  const killer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const { signal } = await child.status;
  clearTimeout(killer);
  await reader.cancel();
  strictEqual(signal, null);
});

Deno.test("Worker answers 400 to who begins a WebSocket as it must not, and tells nobody", async () => {
  await using scene = await startScene(() => ({}));
  const told: Error[] = [];
  scene.worker.onError((error) => told.push(error));
  for (const left of ["connection", "sec-websocket-key"]) {
    const { port } = scene.worker.address!;
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const lines = UPGRADE.split("\r\n").filter((line) => !line.startsWith(left));
    await connection.write(new TextEncoder().encode(lines.join("\r\n")));
    const answer = new Uint8Array(1000);
    const length = await connection.read(answer);
    match(new TextDecoder().decode(answer.subarray(0, length!)), /^HTTP\/1.1 400 /);
  }
  deepStrictEqual(told, []);
});

Deno.test("Worker.implement() says which keys are wrong, and nothing of them", async () => {
  const worker = await Worker.create({ name: "w", port: 0, keys: "secret" });
  throws(() => worker.implement(talker, { wait: () => "", fail: () => "" }), {
    name: "TypeError",
    message:
      'Cannot implement contract "talker": option "keys" or variable TROUPE_KEYS is wrong: ' +
      "Cannot read keys: allowed is a JSON Web Key Set of symmetric keys with an id, each of 32 bytes",
  });
});

/** How a WebSocket begins. */
const UPGRADE = [
  "GET /troupe/messages HTTP/1.1",
  "host: w",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol: troupe.v1",
  "\r\n",
].join("\r\n");
