/** Calls over sessions: what `calls/` and `session/` expect of each other. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import { negotiationOf } from "../session/negotiation.ts";
import { testAcceptor, testLink, until } from "../session/testdata/sides.ts";
import { Callee } from "./callee.ts";
import { Caller } from "./caller.ts";
import { implementation } from "./implementation.ts";

const greeter = contract("greeter", {
  greet: { input: z.object({ name: z.string() }), output: z.string() },
});

Deno.test("Caller loses no call, and none runs twice, while its link's connections are cut", async () => {
  using time = new FakeTime();
  const now = () => Date.now();
  const ran: string[] = [];
  const callee = new Callee(
    implementation(greeter, {
      greet: ({ name }) => {
        ran.push(name);
        return `Hello, ${name}!`;
      },
    }),
    { now },
  );
  const worker = testAcceptor({
    negotiation: negotiationOf(greeter),
    onChannel: (channel) => callee.attach(channel.callee),
    resumable: (session, peer) => callee.resumable(session, peer),
    onSessionEnd: (session, why) => {
      if (why === "deposed") callee.fence(session, why);
    },
  });
  const caller = new Caller({ contract: "greeter", worker: "worker-0", now });
  const { link, sockets } = testLink(worker, {
    negotiation: negotiationOf(greeter),
    onState: (state) => {
      if (state.state === "ready") caller.attach(state.channel.caller);
      if (state.state === "ended") caller.close(state.error ?? new Error("closed"));
    },
  });
  await until(() => caller.connected);
  ok(caller.methods?.has("greet"));
  const answers: unknown[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 3; i++) {
      const call = caller.call("greet", { name: `${round}.${i}` }, { timeout: Infinity });
      call.then((answer) => answers.push(answer));
    }
    for (let i = 0; i < round; i++) await Promise.resolve(); // at another step each time
    sockets.at(-1)!.cut();
    await until(() => !caller.connected);
    await time.tickAsync(5_000);
    await until(() => caller.connected);
    await until(() => answers.length === 3 * (round + 1));
  }
  strictEqual(new Set(answers).size, 15);
  deepStrictEqual(ran.length, 15);

  // a newer leader ends it for good
  const newer = testLink(worker, {
    negotiation: negotiationOf(greeter),
    self: { role: "coordinator", name: "boss", instance: "c1", token: 5 },
  });
  await until(() => link.state.state === "ended");
  await rejects(caller.call("greet", { name: "late" }, { timeout: Infinity }));
  await until(() => newer.link.channel !== undefined);
  await newer.link.close();
  await link.close();
  await worker.acceptor.close();
});

Deno.test("Caller loses no long call that short ones overtake, also when the channel breaks meanwhile", async () => {
  using time = new FakeTime();
  const now = () => Date.now();
  const ran: number[] = [];
  const callee = new Callee(
    implementation(greeter, {
      greet: ({ name }) => {
        ran.push(name.length);
        return "Hello!";
      },
    }),
    { now },
  );
  const worker = testAcceptor({
    negotiation: negotiationOf(greeter),
    onChannel: (channel) => callee.attach(channel.callee),
    resumable: (session, peer) => callee.resumable(session, peer),
  });
  const caller = new Caller({ contract: "greeter", worker: "worker-0", now });
  const { link, sockets } = testLink(worker, {
    negotiation: negotiationOf(greeter),
    onState: (state) => {
      if (state.state === "ready") caller.attach(state.channel.caller);
    },
  });
  await until(() => caller.connected);
  const greet = (length: number) =>
    caller.call("greet", { name: "x".repeat(length) }, { timeout: Infinity });
  const lengths = [300_000, 1, 2, 400_000, 3];
  await Promise.all(lengths.map(greet));
  deepStrictEqual(ran.splice(0), [1, 2, 3, 300_000, 400_000]);

  sockets.at(-1)!.tamper = (message) => message.includes('"last":true') ? undefined : message;
  const answers = Promise.all(lengths.map(greet));
  await until(() => ran.length === 3);
  sockets.at(-1)!.cut();
  await until(() => !caller.connected);
  await time.tickAsync(5_000);
  await answers;
  deepStrictEqual(ran, [1, 2, 3, 300_000, 400_000]);

  await link.close();
  caller.close(new Error("closed"));
  callee.close();
  await worker.acceptor.close();
});

Deno.test("Link says which side is older when contracts do not fit", async () => {
  using _time = new FakeTime();
  const newer = contract("greeter", {
    greet: { input: z.object({ name: z.string(), from: z.string() }), output: z.string() },
  }, { version: "2.0" });
  const worker = testAcceptor({ negotiation: negotiationOf(newer) });
  const { link } = testLink(worker, { negotiation: negotiationOf(greeter) });
  await until(() => "error" in link.state);
  match(String("error" in link.state && link.state.error), /^IncompatibleError: .*"greet".*from/);
  await link.close();
});
