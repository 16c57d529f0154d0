import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { KeyRing } from "./key_ring.ts";
import { type MemorySocket, memorySockets } from "./memory_sockets.ts";
import { digestOfMessage, sign } from "./proofs.ts";
import { testAcceptor, testKey, testLink, until } from "./testdata/sides.ts";

const HELLO = {
  t: "hello",
  v: 1,
  role: "coordinator",
  name: "boss",
  instance: "c0",
  session: "s",
  nonce: "n".repeat(43),
  kids: ["key-1"],
  contract: { name: "test", version: "1.0", digest: "greet" },
};

/** A connection whose dialing end the test plays. */
function played(worker = testAcceptor()) {
  const [near, far] = memorySockets();
  const heard: string[] = [];
  near.onMessage((message) => void heard.push(message));
  const accepted = worker.acceptor.accept(far);
  return {
    near,
    worker,
    heard,
    accepted,
    async answer(
      count: number,
    ): Promise<{ t: string; code?: string; message?: string; proof?: string }> {
      await until(() => heard.length >= count);
      return JSON.parse(heard[count - 1]!);
    },
  };
}

async function proofFor(hello: string, challenge: string, by = "dialer"): Promise<string> {
  const claims = {
    by,
    hello: await digestOfMessage(hello),
    challenge: await digestOfMessage(challenge),
  };
  return await sign(claims, testKey(1));
}

Deno.test("Acceptor.accept() refuses who has not proven the key, also with proofs from elsewhere", async () => {
  using _time = new FakeTime();
  const hello = JSON.stringify(HELLO);
  // a handshake that was overheard
  const past = played();
  past.near.send(hello);
  await past.answer(1);
  const proof = await proofFor(hello, past.heard[0]!);
  past.near.send(JSON.stringify({ t: "prove", proof }));
  strictEqual((await past.answer(2)).t, "welcome");
  strictEqual(past.worker.channels.length, 1);
  past.worker.acceptor.close();

  for (
    const prove of [
      () => proof, // replayed
      (challenge: string) => JSON.parse(challenge).proof as string, // reflected
      (challenge: string) => proofFor(hello, challenge, "acceptor"),
      (challenge: string) => proofFor(`${hello} `, challenge),
      () => "",
      () => "a.b.c",
      async (challenge: string) => {
        const [, payload] = (await proofFor(hello, challenge)).split(".");
        return `${btoa('{"alg":"none"}').replace(/=/g, "")}.${payload}.`;
      },
      async (challenge: string) =>
        await sign(
          {
            by: "dialer",
            hello: await digestOfMessage(hello),
            challenge: await digestOfMessage(challenge),
          },
          { ...testKey(2), kid: "key-1" },
        ),
    ]
  ) {
    const { near, heard, answer, worker, accepted } = played();
    near.send(hello);
    await answer(1);
    near.send(JSON.stringify({ t: "prove", proof: await prove(heard[0]!) }));
    deepStrictEqual(await answer(2), {
      t: "refused",
      code: "unauthorized",
      message: "the dialing side has not proven that it has the key",
    });
    await accepted;
    await near.closed;
    strictEqual(worker.channels.length, 0);
    strictEqual(worker.acceptor.token, undefined);
  }
});

Deno.test("Acceptor.accept() names what is wrong with a handshake, and closes", async () => {
  using _time = new FakeTime();
  for (
    const [message, code, told] of [
      ["garbage", "protocol", /no JSON/],
      ["[]", "protocol", /is no "hello"/],
      ['[{"t":"call","id":1,"method":"m"}]', "protocol", /is no "hello"/],
      [JSON.stringify({ ...HELLO, v: 2 }), "protocol", /speaks version 2 .* this side version 1/],
      [JSON.stringify({ ...HELLO, nonce: "short", role: "boss" }), "protocol", /"role", "nonce"/],
      [JSON.stringify({ ...HELLO, token: -1 }), "protocol", /"token" of "hello"/],
      [JSON.stringify({ ...HELLO, name: "x".repeat(70_000) }), "limit", /more than 65536 bytes/],
      [`${"[".repeat(20_000)}${"]".repeat(20_000)}`, "limit", /more than 64 lists/],
      [
        JSON.stringify({ ...HELLO, kids: ["other"] }),
        "unauthorized",
        /no key is common: .*"other"/,
      ],
    ] as const
  ) {
    const { near, answer, worker } = played();
    near.send(message);
    const answered = await answer(1);
    strictEqual(answered.t, "refused");
    strictEqual(answered.code, code);
    match(answered.message!, told);
    await near.closed;
    strictEqual(worker.refused.length, 1);
  }
});

Deno.test("Acceptor.accept() takes nothing before its turn", async () => {
  using _time = new FakeTime();
  const { near, heard, worker } = played();
  for (let i = 0; i < 5; i++) near.send(JSON.stringify(HELLO));
  await until(() => heard.some((message) => message.includes("refused")));
  match(heard.at(-1)!, /more messages came than the handshake has/);
  strictEqual(worker.channels.length, 0);
});

Deno.test("Acceptor.accept() refuses a contract that is not the one announced", async () => {
  using _time = new FakeTime();
  for (const descriptor of [undefined, 1, ["greet"]]) {
    const hello = JSON.stringify({ ...HELLO, contract: { ...HELLO.contract, digest: "other" } });
    const { near, heard, answer } = played();
    near.send(hello);
    await answer(1);
    near.send(JSON.stringify({ t: "prove", proof: await proofFor(hello, heard[0]!), descriptor }));
    match((await answer(2)).message!, /description of contract "test" is not the one announced/);
  }
});

Deno.test("Acceptor.accept() gives up after 5 s, wherever the handshake stands", async () => {
  using time = new FakeTime();
  for (const steps of [0, 1]) {
    const { near, accepted, worker, answer } = played();
    if (steps > 0) {
      near.send(JSON.stringify(HELLO));
      await answer(1);
    }
    await time.tickAsync(5_000);
    await accepted;
    await near.closed;
    match(String(worker.refused[0]), /handshake was not over after 5000 ms/);
  }
});

Deno.test("Acceptor.accept() lets the oldest unproven connection go when there are too many", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor({ maxPending: 3 });
  const { link } = testLink(worker);
  await until(() => link.channel !== undefined); // does not count
  const idle = Array.from({ length: 3 }, () => played(worker));
  const { link: late } = testLink(worker, { self: { role: "worker", name: "p", instance: "p" } });
  const { code, message } = await idle[0]!.answer(1);
  deepStrictEqual([code, message], [
    "busy",
    "more than 3 connections have not proven who they are",
  ]);
  await until(() => late.channel !== undefined);
  deepStrictEqual(idle.map(({ heard }) => heard.length), [1, 0, 0]);
  await worker.acceptor.close();
  await Promise.all(idle.map(({ accepted }) => accepted));
  await link.close();
  await late.close();
});

Deno.test("Acceptor.accept() survives a cut at every step, and the link comes through after it", async () => {
  using time = new FakeTime();
  for (const side of ["dialer", "acceptor"] as const) {
    for (const step of [1, 2]) {
      const worker = testAcceptor();
      let dials = 0;
      const { link } = testLink(worker, {
        dial: () => {
          const [near, far] = memorySockets();
          if (dials++ === 0) cutAfter(side === "dialer" ? near : far, step);
          worker.acceptor.accept(far);
          return Promise.resolve(near);
        },
      });
      await until(() => "error" in link.state || link.channel?.end !== undefined);
      await until(() => link.state.state === "connecting");
      await time.tickAsync(100);
      await until(() => link.channel !== undefined);
      // after the last step the session is there, though the dialer never heard of it
      strictEqual(link.channel!.resumed, side === "acceptor" && step === 2);
      await link.close();
      await worker.acceptor.close();
    }
  }
});

/** Cuts the connection in place of the message of that number from that side. */
function cutAfter(socket: MemorySocket, step: number): void {
  let sent = 0;
  socket.tamper = (message) => {
    if (++sent < step) return message;
    queueMicrotask(() => socket.cut());
    return undefined;
  };
}

Deno.test("Acceptor ends the old channel of a session that is dialed again", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor();
  const { link } = testLink(worker);
  await until(() => link.channel !== undefined);
  const twice = played(worker);
  const hello = JSON.stringify({ ...HELLO, session: link.session });
  twice.near.send(hello);
  await twice.answer(1);
  twice.near.send(JSON.stringify({ t: "prove", proof: await proofFor(hello, twice.heard[0]!) }));
  deepStrictEqual(await link.channel!.ended, {
    code: "replaced",
    message: "the session was dialed again",
  });
  await until(() => worker.channels.length === 2);
  ok(worker.channels[0]!.end && !worker.channels[1]!.end);
  strictEqual(worker.channels[1]!.resumed, true);
  deepStrictEqual(worker.acceptor.channels, [worker.channels[1]]);
  deepStrictEqual(worker.ended, []);
  await link.close();
  await worker.acceptor.close();
});

Deno.test("Acceptor does not give a session to another process", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor();
  const { link } = testLink(worker);
  await until(() => link.channel !== undefined);
  const thief = played(worker);
  const hello = JSON.stringify({ ...HELLO, session: link.session, instance: "c1" });
  thief.near.send(hello);
  await thief.answer(1);
  thief.near.send(JSON.stringify({ t: "prove", proof: await proofFor(hello, thief.heard[0]!) }));
  match((await thief.answer(2)).message!, /session is another process's/);
  strictEqual(link.channel!.end, undefined);
  await link.close();
  await worker.acceptor.close();
});

Deno.test("Acceptor keeps a session for 60 s without a channel, and tells that it drains", async () => {
  using time = new FakeTime();
  const worker = testAcceptor();
  const { link, sockets } = testLink(worker);
  await until(() => link.channel !== undefined);
  worker.acceptor.draining = true;
  for (let i = 1; i < 3; i++) {
    sockets.at(-1)!.cut();
    await until(() => link.state.state === "connecting");
    await time.tickAsync(200);
    await until(() => link.channel !== undefined);
    ok(link.channel!.resumed && link.channel!.draining);
  }
  await link.close();
  await until(() => worker.channels.every(({ end }) => end));
  await time.tickAsync(59_999);
  deepStrictEqual(worker.ended, []);
  await time.tickAsync(1);
  deepStrictEqual(worker.ended, [`${link.session} forgotten`]);
});

Deno.test("Acceptor fences coordinators, not the other workers", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor();
  const peer = testLink(worker, { self: { role: "worker", name: "p", instance: "p" } });
  await until(() => peer.link.channel !== undefined);
  const links = [3, 3, 9].map((token, i) => ({
    start: () =>
      testLink(worker, { self: { role: "coordinator", name: "c", instance: `c${i}`, token } }).link,
  }));
  const [one, two] = [links[0]!.start(), links[1]!.start()];
  await until(() => one.channel !== undefined && two.channel !== undefined);
  const three = links[2]!.start();
  await until(() => one.state.state === "ended" && two.state.state === "ended");
  await until(() => three.channel !== undefined);
  strictEqual(peer.link.channel?.end, undefined);
  strictEqual(worker.acceptor.token, 9);
  deepStrictEqual(worker.fenced, [3, 9]);
  deepStrictEqual(worker.ended.sort(), [`${one.session} deposed`, `${two.session} deposed`].sort());
  for (const link of [one, two, three, peer.link]) await link.close();
  await worker.acceptor.close();
});

Deno.test("Acceptor takes keys from coordinators only, and not those offered in another channel", async () => {
  using _time = new FakeTime();
  const worker = testAcceptor();
  const peer = testLink(worker, { self: { role: "worker", name: "p", instance: "p" } });
  await until(() => peer.link.channel !== undefined);
  const channel = peer.link.channel!;
  channel.offerKey(testKey(2)).catch(() => {});
  match((await channel.ended).message, /keys are not taken from that side/);
  await peer.link.close();

  const { link, sockets } = testLink(worker);
  await until(() => link.channel !== undefined);
  await link.offerKey(testKey(3));
  const offer = sockets[0]!.sent.find((message) => message.includes('"keys"'))!;
  const again = testLink(worker);
  await until(() => again.link.channel !== undefined);
  const { channel: replayed } = again.link;
  again.sockets[0]!.send(offer);
  match((await replayed!.ended).message, /offered in another channel/);
  deepStrictEqual(worker.acceptor.keys.ids, ["key-1", "key-3"]);
  // by the new key alone
  const next = testLink(worker, { keys: () => new KeyRing([testKey(3)]) });
  await until(() => next.link.channel !== undefined);
  for (const each of [link, again.link, next.link]) await each.close();
  await worker.acceptor.close();
});
