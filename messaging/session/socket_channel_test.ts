import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import type { Frame } from "../wire/frame.ts";
import type { ChannelEnd } from "./channel.ts";
import { memorySockets } from "./memory_sockets.ts";
import { SocketChannel } from "./socket_channel.ts";
import type { ChannelStart } from "./socket_channel.ts";
import { testKey } from "./testdata/sides.ts";

function sides(options: Partial<ChannelStart> = {}) {
  const [near, far] = memorySockets();
  const start = {
    session: "s",
    peer: { role: "worker", name: "w", instance: "i" },
    agreed: {
      resumed: false,
      draining: false,
      methods: new Set<string>(),
      limits: { concurrency: 1, queue: 1, frameBytes: 1000 },
    },
    hears: "both",
    frameBytes: 16 * 1024 * 1024,
    key: testKey(1),
    nonce: "n",
    rest: [],
    now: () => Date.now(),
  } as const;
  return {
    near,
    far,
    caller: new SocketChannel({ ...start, ...options, socket: near }),
    callee: new SocketChannel({ ...start, ...options, socket: far }),
  };
}

const heardBy = (channel: SocketChannel) => {
  const heard: Frame[] = [];
  channel.onFrame((frame) => void heard.push(frame));
  return heard;
};
const moment = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
async function moments(): Promise<void> {
  for (let i = 0; i < 20; i++) await moment();
}

Deno.test("SocketChannel pings in silence, and only then", async () => {
  using time = new FakeTime();
  const { near, caller, callee } = sides();
  await time.tickAsync(4_999);
  strictEqual(near.sent.length, 0);
  await time.tickAsync(1);
  await moments();
  deepStrictEqual(near.sent, ['[{"t":"ping","n":1}]', '[{"t":"pong","n":1}]']);
  for (let i = 0; i < 60; i++) {
    await time.tickAsync(1_000);
    await moments();
  }
  ok(caller.responsive && callee.responsive && !caller.end);
  caller.close();
});

Deno.test("SocketChannel says so when the other side stands still for 20 s, and goes on after that", async () => {
  using time = new FakeTime();
  const { near, far, caller, callee } = sides();
  const told: string[] = [];
  caller.onResponsive((responsive) => told.push(`${responsive} at ${Date.now() - begun}`));
  const begun = Date.now();
  for (const end of [near, far]) end.stall();
  const heard = heardBy(callee);
  caller.send({ t: "tell", method: "m" });
  for (let i = 0; i < 20; i++) await time.tickAsync(1_000);
  deepStrictEqual(told, ["false at 15000"]);
  strictEqual(caller.responsive, false);
  for (const end of [near, far]) end.resume();
  await moments();
  deepStrictEqual(told, ["false at 15000", "true at 20000"]);
  strictEqual(heard.length, 1);
  ok(!caller.end && !callee.end);
  caller.close();
});

Deno.test("SocketChannel stays responsive when the other side stands still for 10 s", async () => {
  using time = new FakeTime();
  const { near, far, caller } = sides();
  caller.onResponsive(() => {
    throw new Error("it is told as unresponsive");
  });
  for (const end of [near, far]) end.stall();
  await time.tickAsync(10_000);
  for (const end of [near, far]) end.resume();
  await time.tickAsync(10_000);
  ok(!caller.end);
  caller.close();
});

Deno.test("SocketChannel is broken after 30 s without a sign, though the connection is there", async () => {
  using time = new FakeTime();
  const { far, near, caller } = sides();
  far.stall();
  near.stall();
  await time.tickAsync(29_999);
  strictEqual(caller.end, undefined);
  await time.tickAsync(1);
  deepStrictEqual(await caller.ended, {
    code: "broken",
    message: "nothing was heard for 30000 ms",
  });
});

Deno.test("SocketChannel does not take its own process's standstill for the other side's silence", async () => {
  using time = new FakeTime();
  let standstill = 0;
  const { far, caller } = sides({ now: () => Date.now() + standstill });
  far.stall();
  await time.tickAsync(4_000);
  standstill = 60_000; // all that came meanwhile is still to be read
  await time.tickAsync(1_000);
  ok(caller.responsive && !caller.end);
  await time.tickAsync(30_000);
  strictEqual((await caller.ended).code, "broken");
  await moments();
});

Deno.test("SocketChannel ends by what must not be sent, and tells both sides why", async () => {
  using _time = new FakeTime();
  for (
    const [message, code, told] of [
      ["garbage", "protocol", /no JSON/],
      ['[{"t":"nonsense"}]', "protocol", /unknown type "nonsense"/],
      [`["${"x".repeat(2_000_000)}"]`, "limit", /more than 1048576 bytes/],
      [`${"[".repeat(1000)}${"]".repeat(1000)}`, "limit", /more than 128 lists/],
      [`[${Array(300_000).fill("1")}]`, "limit", /more than 200000 frames/],
      ['[{"t":"keys","jwe":"x"}]', "protocol", /keys are not taken/],
    ] as const
  ) {
    const { near, caller, callee } = sides();
    const heard = heardBy(callee);
    near.send(message);
    near.send('[{"t":"drain"}]');
    const ends: ChannelEnd[] = [await callee.ended, await caller.ended];
    for (const end of ends) {
      strictEqual(end.code, code);
      match(end.message, told);
    }
    if (!message.includes("jwe")) strictEqual(heard.length, 0);
  }
});

Deno.test("SocketChannel ends when who hears a frame throws", async () => {
  using _time = new FakeTime();
  const { caller, callee } = sides();
  callee.onFrame(() => {
    throw new Error("call 1 was there before");
  });
  caller.send({ t: "call", id: 1, method: "m" });
  deepStrictEqual(await caller.ended, { code: "protocol", message: "call 1 was there before" });
  strictEqual((await callee.ended).code, "protocol");
});

Deno.test("SocketChannel.close() tells why, after what was sent; then nothing is heard or said", async () => {
  using _time = new FakeTime();
  for (const code of ["stopping", "deposed", "replaced", "limit"] as const) {
    const { near, caller, callee } = sides();
    const heard = heardBy(callee);
    caller.send({ t: "tell", method: "m" });
    callee.send({ t: "drain" });
    const late = heardBy(caller);
    caller.close({ code, message: "why" });
    caller.send({ t: "tell", method: "m" });
    deepStrictEqual(await callee.ended, { code, message: "why" });
    deepStrictEqual(await caller.ended, { code: "closed", message: "why" });
    strictEqual(await near.closed, undefined);
    deepStrictEqual(heard, [{ t: "tell", method: "m" }]);
    deepStrictEqual(late, []);
    caller.close();
    await caller.writable();
    strictEqual(caller.queuedBytes, 0);
  }
});

Deno.test("SocketChannel answers pings before a long frame that is on its way", async () => {
  using _time = new FakeTime();
  const { far, near, caller } = sides();
  near.stall();
  const { length } = far.sent;
  caller.send({ t: "call", id: 1, method: "m", input: "x".repeat(4_000_000) });
  far.send('[{"t":"ping","n":7}]');
  near.resume();
  await moments();
  strictEqual(length, 0);
  const at = near.sent.findIndex((message) => message.includes('{"t":"pong","n":7}'));
  ok(at >= 0 && at < 20, `it was message ${at}`);
  caller.close();
});

Deno.test("SocketChannel.caller and callee hear each what is for them", async () => {
  using _time = new FakeTime();
  const { caller: one, callee: other } = sides();
  const heard: string[] = [];
  one.caller.onFrame(({ t }) => void heard.push(`one as caller: ${t}`));
  one.callee.onFrame(({ t }) => void heard.push(`one as callee: ${t}`));
  other.caller.send({ t: "call", id: 1, method: "m" });
  other.callee.send({ t: "done", id: 1 });
  await moments();
  deepStrictEqual(heard, ["one as callee: call", "one as caller: done"]);
  one.caller.close();
  strictEqual((await other.callee.ended).code, "stopping");
});
