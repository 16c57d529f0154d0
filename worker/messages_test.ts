import { strictEqual } from "node:assert/strict";
import { z } from "zod";
import {
  contract,
  dialMessages,
  Group,
  KeyRing,
  Link,
  LinkedMember,
  negotiationOf,
  newKey,
} from "../messaging/mod.ts";
import { Worker } from "./mod.ts";

const talker = contract("talker", {
  wait: { input: z.object({ ms: z.number() }), output: z.string() },
});

Deno.test("Worker.stop() finishes calls that run, and hands back those that wait", async () => {
  const keys = new KeyRing([newKey()]);
  await using worker = await Worker.create({
    name: "w",
    port: 0,
    hostname: "127.0.0.1",
    keys: keys.toText(),
    grace: 5000,
  });
  const begun = Promise.withResolvers<void>();
  worker.implement(talker, {
    wait: async ({ ms }) => {
      begun.resolve();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return "done";
    },
  }, { concurrency: 1 });
  const started = Promise.withResolvers<void>();
  worker.onWorkerEvent((e) => e.type === "started" && started.resolve());
  const running = worker.start();
  await started.promise;
  const { port } = worker.address!;
  const member = new LinkedMember({ name: "w", uid: "1" }, { contract: "talker" });
  await using link = new Link({
    self: { role: "coordinator", name: "boss", instance: "boss-1" },
    keys: () => keys,
    negotiation: negotiationOf(talker as never),
    dial: (signal) => dialMessages({ address: "127.0.0.1", port }, { signal }),
    onState: (state) => {
      member.follow("channel" in state ? { ...state, channel: state.channel.caller } : state);
    },
  });
  const group = new Group(talker);
  group.add(member);
  const call = group.ask("wait", { ms: 300 });
  await begun.promise;
  const stopped = worker.stop();
  strictEqual(await call, "done");
  await stopped;
  await running;
  void link;
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
