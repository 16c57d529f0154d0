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
