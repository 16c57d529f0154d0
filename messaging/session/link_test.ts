import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { IncompatibleError, UnauthorizedError } from "../errors.ts";
import type { Frame } from "../wire/frame.ts";
import { KeyRing } from "./key_ring.ts";
import type { LinkState } from "./link.ts";
import { memorySockets } from "./memory_sockets.ts";
import { methodsOf, testAcceptor, testKey, testLink, until } from "./testdata/sides.ts";

const named = (states: LinkState[]) => states.map(({ state }) => state);
const errorOf = (state: LinkState | undefined) =>
  state && "error" in state ? state.error : undefined;

Deno.test("Link makes a channel, over which both sides hear each other", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor();
  const { link } = testLink(worker, {
    negotiation: methodsOf("greet", "other"),
    expect: "worker-0",
  });
  await until(() => link.channel !== undefined);
  const channel = link.channel!;
  const [accepted] = worker.channels;
  deepStrictEqual(channel.peer, { role: "worker", name: "worker-0", instance: "w0" });
  deepStrictEqual(accepted?.peer, { role: "coordinator", name: "boss", instance: "c0" });
  strictEqual(accepted?.session, link.session);
  deepStrictEqual([...channel.methods], ["greet"]);
  deepStrictEqual(channel.limits, { concurrency: 16, queue: 64, frameBytes: 16 * 1024 * 1024 });
  ok(!channel.resumed && !channel.draining);

  const heard: Frame[] = [];
  channel.send({ t: "call", id: 1, method: "greet" }); // before anybody listens
  await until(() => channel.queuedBytes === 0);
  accepted!.onFrame((frame) => heard.push(frame));
  accepted!.send({ t: "done", id: 1, output: "hi" });
  channel.onFrame((frame) => heard.push(frame));
  await until(() => heard.length === 2);
  deepStrictEqual(heard, [{ t: "call", id: 1, method: "greet" }, {
    t: "done",
    id: 1,
    output: "hi",
  }]);
  await link.close();
  deepStrictEqual(await accepted!.ended, { code: "stopping", message: "it was closed" });
  deepStrictEqual(await channel.ended, { code: "closed", message: "it was closed" });
  await worker.acceptor.close();
});

Deno.test("Link goes on with its session by another channel when one breaks", async () => {
  using time = new FakeTime();
  const worker = testAcceptor();
  const { link, states, sockets } = testLink(worker);
  await until(() => link.channel !== undefined);
  const first = link.channel!;
  sockets[0]!.cut();
  strictEqual((await first.ended).code, "broken");
  await until(() => link.state.state === "connecting");
  await time.tickAsync(100);
  await until(() => link.channel !== undefined);
  ok(link.channel!.resumed);
  strictEqual(link.channel!.session, first.session);
  deepStrictEqual(named(states), ["ready", "connecting", "ready"]);
  match(String(errorOf(states[1])), /was cut/);
  await link.close();

  await time.tickAsync(60_000);
  deepStrictEqual(worker.ended, [`${link.session} forgotten`]);
});

Deno.test("Link dials again after ever longer pauses, up to 5 s, while nobody answers", async () => {
  using time = new FakeTime();
  const at: number[] = [];
  const begun = Date.now();
  const { link } = testLink(testAcceptor(), {
    dial: () => {
      at.push(Date.now() - begun);
      return Promise.reject(new Error("refused"));
    },
  });
  await time.tickAsync(0);
  for (let i = 0; i < 240; i++) await time.tickAsync(100);
  deepStrictEqual(at.slice(0, 9), [0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300]);
  await link.close();
  strictEqual(link.state.state, "ended");
});

Deno.test("Link gives up a dial that hangs, and a handshake that does", async () => {
  using time = new FakeTime();
  let dials = 0;
  const { link, states } = testLink(testAcceptor(), {
    dial: (signal) => {
      if (dials++ > 0) return Promise.resolve(memorySockets()[0]);
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  });
  await time.tickAsync(10_000);
  await until(() => states.length === 1);
  match(String(errorOf(states[0])), /no connection was there after 10000 ms/);
  await time.tickAsync(100);
  await time.tickAsync(5_000);
  await until(() => states.length === 2);
  match(String(errorOf(states[1])), /handshake was not over after 5000 ms/);
  await link.close();
});

Deno.test("Link rejects a worker without its key, and one of another name, and tries again", async () => {
  using time = new FakeTime();
  for (
    const [options, message, isUnauthorized] of [
      [{ keys: () => new KeyRing([testKey(2)]) }, /no key is common.*"key-2".*"key-1"/, true],
      [
        { keys: () => new KeyRing([{ ...testKey(2), kid: "key-1" }]) },
        /worker has not proven that it has the key/,
        true,
      ],
      [{ expect: "worker-7" }, /"worker-0" has answered for "worker-7"/, false],
    ] as const
  ) {
    const worker = testAcceptor();
    const { link, states, sockets } = testLink(worker, options);
    await until(() => states.length === 1);
    match(String(errorOf(link.state)), message);
    strictEqual(errorOf(link.state) instanceof UnauthorizedError, isUnauthorized);
    strictEqual(link.state.state, "connecting");
    await time.tickAsync(100);
    await until(() => sockets.length === 2);
    await link.close();
    strictEqual(worker.channels.length, 0);
    await until(() => worker.refused.length === 2);
  }
});

Deno.test("Link tries again after 30 s when contracts do not fit", async () => {
  using time = new FakeTime();
  const worker = testAcceptor();
  const { link, states, sockets } = testLink(worker, { negotiation: methodsOf("other") });
  await until(() => states.length === 1);
  ok(errorOf(link.state) instanceof IncompatibleError);
  match(String(errorOf(link.state)), /nothing is common/);
  await time.tickAsync(29_999);
  strictEqual(sockets.length, 1);
  await time.tickAsync(1);
  await until(() => states.length === 2);
  strictEqual(sockets.length, 2);
  await link.close();
});

Deno.test("Link ends for good when a newer leader has come, in a channel or before it", async () => {
  using time = new FakeTime();
  const worker = testAcceptor();
  const old = testLink(worker, {
    self: { role: "coordinator", name: "b", instance: "1", token: 7 },
  });
  await until(() => old.link.channel !== undefined);
  const young = testLink(worker, {
    self: { role: "coordinator", name: "b", instance: "2", token: 8 },
  });
  await until(() => young.link.channel !== undefined);
  await until(() => old.link.state.state === "ended");
  ok(errorOf(old.link.state) instanceof UnauthorizedError);
  match(String(errorOf(old.link.state)), /deposed: a coordinator with token 8 has come/);
  deepStrictEqual(worker.ended, [`${old.link.session} deposed`]);
  deepStrictEqual(worker.fenced, [7, 8]);
  for (const token of [7, undefined]) {
    const late = testLink(worker, {
      self: { role: "coordinator", name: "b", instance: "3", ...(token && { token }) },
    });
    await until(() => late.link.state.state === "ended");
    match(String(errorOf(late.link.state)), /deposed: .* has come after one with token 8/);
    await time.tickAsync(100_000);
    strictEqual(late.sockets.length, 1);
    await late.link.close();
  }
  await old.link.close();
  await young.link.close();
  await worker.acceptor.close();
});

Deno.test("Link takes no final answer from who has proven nothing", async () => {
  using _time = new FakeTime();
  for (const code of ["deposed", "incompatible"]) {
    const { link, states } = testLink(testAcceptor(), {
      dial: () => {
        const [near, far] = memorySockets();
        far.send(JSON.stringify({ t: "refused", code, message: "go away" }));
        return Promise.resolve(near);
      },
    });
    await until(() => states.length === 1);
    strictEqual(link.state.state, "connecting");
    ok(!(errorOf(link.state) instanceof IncompatibleError));
    await link.close();
  }
});

Deno.test("Link.offerKey() gives the worker a key, over another channel if one breaks", async () => {
  using time = new FakeTime();
  const worker = testAcceptor();
  let mine = new KeyRing([testKey(1)]);
  const { link, sockets } = testLink(worker, { keys: () => mine });
  await until(() => link.channel !== undefined);
  await link.offerKey(testKey(2));
  deepStrictEqual(worker.acceptor.keys.ids, ["key-1", "key-2"]);
  ok(!sockets[0]!.sent.join().includes(testKey(2).kid));

  sockets[0]!.tamper = () => undefined; // lost on the way
  const offered = link.offerKey(testKey(3));
  await until(() => sockets[0]!.sent.at(-1)!.includes("keys"));
  sockets[0]!.cut();
  mine = new KeyRing([testKey(2), testKey(1)]);
  await until(() => link.state.state === "connecting");
  await time.tickAsync(100);
  await offered;
  deepStrictEqual(worker.acceptor.keys.ids, ["key-1", "key-2", "key-3"]);
  match(atob(sockets[1]!.sent[1]!.match(/"proof":"([^.]*)/)![1]!), /key-2/);
  await rejects(link.offerKey({ kid: "short", secret: new Uint8Array(5) }), TypeError);
  strictEqual(link.channel!.end, undefined);
  await link.close();
  await rejects(link.offerKey(testKey(4)), /the link was closed/);
});

Deno.test("Link.close() ends a dial, a handshake and a pause", async () => {
  using _time = new FakeTime();
  for (
    const dial of [
      (signal: AbortSignal) =>
        new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        ),
      () => Promise.resolve(memorySockets()[0]),
      () => Promise.reject(new Error("no")),
    ]
  ) {
    const { link } = testLink(testAcceptor(), { dial });
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    await link.close();
    strictEqual(link.state.state, "ended");
    strictEqual(errorOf(link.state), undefined);
  }
});

Deno.test("Link.close() ends the channel that is made in that very moment", async () => {
  using _time = new FakeTime();
  for (let ticks = 0; ticks < 30; ticks++) {
    const made = Promise.withResolvers<void>();
    const worker = testAcceptor({
      onChannel: (channel) => {
        worker.channels.push(channel);
        made.resolve();
      },
    });
    const { link } = testLink(worker);
    await made.promise;
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    let closed = false;
    link.close().then(() => closed = true);
    await until(() => closed, `it is closed, after ${ticks} microtasks`);
    await until(() => worker.channels[0]!.end !== undefined, "the worker knows");
    await worker.acceptor.close();
  }
});

Deno.test("Link's session is gone on with if who runs its calls says so", async () => {
  using time = new FakeTime();
  const asked: string[] = [];
  const worker = testAcceptor({
    resumable: (session, { instance }) => {
      asked.push(`${session} ${instance}`);
      return false;
    },
  });
  const { link, sockets } = testLink(worker);
  await until(() => link.channel !== undefined);
  sockets[0]!.cut();
  await until(() => link.state.state === "connecting");
  await time.tickAsync(100);
  await until(() => link.channel !== undefined);
  ok(!link.channel!.resumed);
  deepStrictEqual(asked, [`${link.session} c0`, `${link.session} c0`]);
  await link.close();
  await worker.acceptor.close();
});
