// What others can do at a worker's port, of a real process: nothing, and the worker goes on.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator } from "../../coordinator/mod.ts";
import {
  type Contract,
  dialMessages,
  Group,
  type Key,
  KeyRing,
  Link,
  LinkedMember,
  type LinkState,
  negotiationOf,
  newKey,
} from "../../messaging/mod.ts";
import { digestOfMessage, newNonce, sign } from "../../messaging/session/proofs.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { createReplica } from "../support/asking_leader.ts";
import { startProgram } from "../support/greeter.ts";
import { TALKER } from "../support/messages_scene.ts";
import { RawClient } from "../support/raw_client.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const negotiation = negotiationOf(talker as unknown as Contract);
const TIMEOUT = 60_000;

/** A worker's process that has these keys. */
async function startWorker(keys: KeyRing) {
  const program = new URL("../support/talker.ts", import.meta.url).pathname;
  const running = startProgram(
    [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-net", "--allow-env", program],
    {
      TROUPE_KEYS: keys.toText(),
      TROUPE_PORT: "0",
      POD_IP: "127.0.0.1",
      POD_NAME: "talker-0",
    },
  );
  const [, address] = await running.printed(/talker listens at (\S+)/);
  return { address: address!, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

/** A coordinator's connection to it, and what becomes of that. */
function connect(address: string, { key, token }: { key: Key; token?: number }) {
  const [host, port] = address.split(":");
  const member = new LinkedMember({ name: "talker-0", uid: "1" }, { contract: "talker" });
  const states: LinkState[] = [];
  const link = new Link({
    self: { role: "coordinator", name: "boss", instance: crypto.randomUUID(), token },
    keys: () => new KeyRing([key]),
    negotiation,
    expect: "talker-0",
    dial: (signal) => dialMessages({ address: host!, port: Number(port) }, { signal }),
    onState: (state) => {
      states.push(state);
      member.follow("channel" in state ? { ...state, channel: state.channel.caller } : state);
    },
  });
  const group = new Group(talker);
  group.add(member);
  return {
    group,
    states,
    ready: () => until("it is connected", () => link.channel !== undefined),
    failure: () => until("it fails", () => states.find((state) => "error" in state && state.error)),
    async [Symbol.asyncDispose]() {
      member.close(new Error("over"));
      await link.close();
    },
  };
}

function hello(kid: string, others: object = {}) {
  return {
    t: "hello",
    v: 1,
    role: "coordinator",
    name: "boss",
    instance: "raw",
    session: crypto.randomUUID(),
    nonce: newNonce(),
    kids: [kid],
    contract: negotiation.contract,
    ...others,
  };
}

/** Shakes hands as one who has that key, rightly or not; resolves with the worker's last word of it. */
async function shakeHands(client: RawClient, { kid, secret }: Key) {
  await client.say(hello(kid));
  const challenge = await client.hear();
  const proof = await sign({
    by: "dialer",
    hello: await digestOfMessage(client.said[0]!),
    challenge: await digestOfMessage(JSON.stringify(challenge)),
  }, { kid, secret });
  await client.say({ t: "prove", proof });
  return await client.hear();
}

Deno.test("a worker goes on serving its coordinator, whoever else comes", async (t) => {
  const key = newKey();
  const forged = { kid: key.kid, secret: newKey().secret };
  await using worker = await startWorker(new KeyRing([key]));
  const { address } = worker;
  await using boss = connect(address, { key });
  await boss.ready();
  const dial = () => RawClient.dial(address);

  await t.step("who has no key, or another one, is refused", async () => {
    await using stranger = await dial();
    await stranger.say(hello("nobody"));
    match((await stranger.refusal())!, /^refused unauthorized: no key is common/);
    await using guesser = await dial();
    const answer = await shakeHands(guesser, forged);
    deepStrictEqual([answer?.t, answer?.code], ["refused", "unauthorized"]);
    strictEqual(await guesser.hear(), undefined);
    await using other = connect(address, { key: forged });
    const { error } = await other.failure() as { error: Error };
    strictEqual(error.name, "UnauthorizedError");
    match(error.message, /the worker has not proven that it has the key/);
  });

  await t.step("a handshake that was recorded is of no use again", async () => {
    await using honest = await dial();
    strictEqual((await shakeHands(honest, key))?.t, "welcome");
    await using replayer = await dial();
    await replayer.say(honest.said[0]!);
    strictEqual((await replayer.hear())?.t, "challenge");
    await replayer.say(honest.said[1]!);
    match((await replayer.refusal())!, /^refused unauthorized: .*has not proven/);
  });

  await t.step("who says what may not be said is told so, and cut off", async () => {
    const deep = `${"[".repeat(100)}${"]".repeat(100)}`;
    const early: [string | object | Uint8Array, RegExp | undefined][] = [
      ["garbage", /^refused protocol: a message of the handshake is no JSON/],
      [
        [{ t: "call", id: 1, method: "crash", input: { code: 1 }, timeout: 1 }],
        /^refused protocol/,
      ],
      [deep, /^refused limit: more than 64 lists/],
      [hello(key.kid, { nonce: "short" }), /^refused protocol: "nonce" of "hello" is wrong/],
      [hello(key.kid, { v: 2 }), /^refused protocol: it speaks version 2/],
      ["x".repeat(65 * 1024), /^refused limit: a message has more than 65536 bytes/],
      [new Uint8Array(10), undefined],
    ];
    for (const [message, refusal] of early) {
      await using client = await dial();
      await client.say(message);
      const said = await client.refusal();
      if (refusal) match(said ?? "", refusal);
      else strictEqual(said, undefined);
    }
    const part = { t: "part", of: 1, text: "x".repeat(64 * 1024) };
    const late: [(string | object)[], RegExp][] = [
      [["garbage"], /^bye protocol/],
      [[[{ t: "nonsense" }]], /^bye protocol/],
      [["x".repeat(1024 * 1024 + 1)], /^bye limit/],
      [[deep.repeat(1).replace("[]", deep)], /^bye limit/],
      [Array.from({ length: 257 }, () => [part]), /^bye limit/],
    ];
    for (const [messages, end] of late) {
      await using client = await dial();
      strictEqual((await shakeHands(client, key))?.t, "welcome");
      for (const message of messages) await client.say(message);
      match(await client.refusal() ?? "nothing", end);
    }
  });

  await t.step("those who say nothing keep nobody out", async () => {
    await using silent = new AsyncDisposableStack();
    for (let i = 0; i < 40; i++) silent.use(await dial());
    await using other = connect(address, { key });
    await other.ready();
    strictEqual(await other.group.ask("greet", { name: "x" }), "Hello, x!");
  });

  await t.step("health checks and what it serves are open to all", async () => {
    for (
      const [path, text] of [["troupe/livez", "ok\n"], ["troupe/readyz", "ok\n"], ["", "served\n"]]
    ) {
      strictEqual(await (await fetch(`http://${address}/${path}`)).text(), text);
    }
  });

  strictEqual(await boss.group.ask("greet", { name: "world" }), "Hello, world!");
  deepStrictEqual(boss.states.map(({ state }) => state), ["ready"]); // over the same connection
});

Deno.test("a worker hears only the latest leader", async () => {
  const key = newKey();
  await using worker = await startWorker(new KeyRing([key]));
  await using older = connect(worker.address, { key, token: 5 });
  await older.ready();
  const running = older.group.ask("wait", { ms: TIMEOUT });
  const rejected = rejects(running, { name: "CanceledError", message: /a newer leader has come$/ });
  await until("it runs", () => older.group.workers.some(({ inFlight }) => inFlight === 1));
  await using newer = connect(worker.address, { key, token: 6 });
  await newer.ready();
  await rejected;
  strictEqual(older.states.at(-1)?.state, "ended");
  // the handler was told to stop, so that there is room again: it takes two at once
  await Promise.all([1, 2].map(() => newer.group.ask("wait", { ms: 1 })));
  for (const token of [5, undefined]) {
    await using late = connect(worker.address, { key, token });
    const { state, error } = await late.failure() as { state: string; error: Error };
    deepStrictEqual([state, error.name], ["ended", "UnauthorizedError"]);
    match(error.message, /this coordinator was deposed: .* after one with token 6/);
  }
  strictEqual(await newer.group.ask("greet", { name: "world" }), "Hello, world!");
});

Deno.test({
  name: "workers that have another key are not talked to, which is told with what to do",
  ignore: OWN_NODES,
}, async () => {
  await using cluster = await startTestCluster({ images: TALKER });
  const { kubeconfig, namespace } = cluster;
  const run = { name: "talker", image: "talker:1", contract: talker } as const;
  const start = async () => {
    const options = { name: "boss", kubeconfig, namespace, kinds: ["Deployment" as const] };
    const coordinator = await Coordinator.create(options);
    const errors: string[] = [];
    coordinator.onError(({ message }) => errors.push(message));
    return { coordinator, errors, talkers: await coordinator.run(run) };
  };
  const first = await start();
  await first.talkers.ready({ timeout: TIMEOUT });
  const [pod] = await first.talkers.pods();
  await first.coordinator.stop();
  // as it is done when a key has leaked
  await new CoreV1Api(cluster.admin).namespace(namespace).deleteSecret("troupe-boss-key");
  const second = await start();
  await using _coordinator = second.coordinator;
  const told = await until("it is told", () => second.errors[0], { timeout: TIMEOUT });
  ok(told.startsWith(`Cannot talk to worker "${pod!.name}": no key is common`), told);
  match(told, /; restart it, so that it gets the keys of now$/);
  await rejects(second.talkers.ask("greet", { name: "x" }, { timeout: 100 }), {
    name: "TimedOutError",
  });
  await second.talkers.restart();
  await second.talkers.ready({ timeout: TIMEOUT });
  strictEqual(await second.talkers.ask("greet", { name: "x" }), "Hello, x!");
});

Deno.test({
  name: "a leader that stood still is dropped by its workers when another one has come",
  ignore: OWN_NODES || Deno.build.os === "windows",
}, async () => {
  await using cluster = await startTestCluster({ images: TALKER });
  const { kubeconfig, namespace } = cluster;
  const program = new URL("../support/asking_leader.ts", import.meta.url).pathname;
  await using older = startProgram([
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "-A",
    program,
    JSON.stringify({ kubeconfig, namespace }),
  ]);
  await older.printed(/it runs/, { timeout: TIMEOUT });
  Deno.kill(older.pid, "SIGSTOP");
  try {
    await using newer = await createReplica({ kubeconfig, namespace });
    const running = newer.start();
    const talkers = newer.workload("talker", { contract: talker });
    const heard: string[] = [];
    talkers.on("heard", ({ text }) => void heard.push(text));
    await until("the newer one leads", () => newer.health.leading, { timeout: TIMEOUT });
    // what the older one had asked is stopped, though that one's connection is still open
    await until("the handler was told to stop", () => heard.includes("canceled"), {
      timeout: TIMEOUT,
    });
    Deno.kill(older.pid, "SIGCONT");
    await older.printed(/rejected: \w+/, { timeout: TIMEOUT });
    await older.printed(/refused: NotLeadingError/, { timeout: TIMEOUT });
    strictEqual(await talkers.ask("greet", { name: "world" }), "Hello, world!");
    await newer.stop();
    await running;
  } finally {
    await older.stop("SIGKILL");
  }
});
