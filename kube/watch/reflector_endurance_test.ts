/**
 * What only shows in the long run or on a network that swallows everything: nothing is left after
 * hundreds of reconnects, and silence is found in whichever phase it begins.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { FakeTime } from "@std/testing/time";
import { plainClusterConfig } from "../config/mod.ts";
import { Transport } from "../transport/mod.ts";
import { PODS } from "./kinds.ts";
import { Reflector } from "./reflector.ts";
import { bookmark, line, LIST as LIST_CALL, pod, podList, Scene, watch } from "./scene_test.ts";

const LIST = JSON.stringify({ metadata: { resourceVersion: "1" }, items: [] });
const utf8 = new TextEncoder();

/** Counts the listeners that all signals have, until disposed. */
function countListeners(): { open: number } & Disposable {
  const { addEventListener, removeEventListener } = AbortSignal.prototype;
  const counts = {
    open: 0,
    [Symbol.dispose]() {
      Object.assign(AbortSignal.prototype, { addEventListener, removeEventListener });
    },
  };
  AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: unknown[]) {
    counts.open++;
    return addEventListener.apply(this, args as never);
  };
  AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...args: unknown[]) {
    counts.open--;
    return removeEventListener.apply(this, args as never);
  };
  return counts;
}

Deno.test("Reflector leaves no listener and no timer behind after 500 reconnects", async () => {
  using time = new FakeTime();
  using listeners = countListeners();
  let watches = 0;
  const client = {
    performRequest: (request: { expectStream?: boolean }) => {
      if (!request.expectStream) return Promise.resolve(utf8.encode(LIST));
      const metadata = { resourceVersion: String(++watches + 1) };
      const line = `${JSON.stringify({ type: "BOOKMARK", object: { metadata } })}\n`;
      return Promise.resolve(new Blob([line]).stream());
    },
  } as unknown as RestClient;
  const reflector = new Reflector(client, PODS, { minBackoff: 1, maxBackoff: 1, random: () => 1 });
  const stop = new AbortController();
  reflector.start(stop.signal);
  let before = 0;
  while (watches < 500) {
    await time.nextAsync();
    if (watches === 10) before = listeners.open;
  }
  ok(listeners.open - before <= 2, `${listeners.open - before} more listeners than before`);
  await reflector.close();
  strictEqual(time.next(), false); // no timer is left
  strictEqual(
    reflector.health.lastError?.message,
    "Cannot keep watching pods: the watch was ended",
  );
});

/** Replaces the wall clock until disposed. */
function setClock(first: () => number): { set(now: () => number): void } & Disposable {
  const { now } = Date;
  Date.now = first;
  return {
    set: (next) => Date.now = next,
    [Symbol.dispose]: () => Date.now = now,
  };
}

Deno.test("Reflector does not mind when the clock is set by an hour, forth and back", async () => {
  await using scene = new Scene();
  scene.server.expect(LIST_CALL, podList("10", []));
  const watched = scene.server.expect(watch("10"), [
    { status: 200 },
    bookmark("11"),
    "pause",
    line("ADDED", pod("a", "12")),
  ]);
  const { now } = Date;
  using clock = setClock(() => now() + 3_600_000);
  scene.reflector.start();
  await scene.events.has(1);
  clock.set(() => now() - 3_600_000);
  watched.release();
  await scene.changes.has(1);
  deepStrictEqual(scene.states.lines, ["connected", "synced"]);
  ok(scene.reflector.health.lastHeardMs < 60_000);
});

/** Where a server falls silent, and what it says to a request before. */
const BLACKHOLES: { phase: string; scheme?: string; say: (request: string) => string }[] = [
  { phase: "in the TLS handshake", scheme: "https", say: () => "" },
  { phase: "before the headers of a list", say: () => "" },
  {
    phase: "in the body of a list",
    say: () => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{"metadata":`,
  },
  {
    phase: "before the headers of a watch",
    say: (request) => request.includes("watch=1") ? "" : answer(LIST),
  },
  {
    phase: "in the body of a watch",
    say: (request) =>
      request.includes("watch=1")
        ? `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{"type"\r\n`
        : answer(LIST),
  },
];

function answer(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

for (const { phase, scheme = "http", say } of BLACKHOLES) {
  Deno.test(`Reflector finds a black hole within idleTimeout ${phase}`, async () => {
    using time = new FakeTime();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const silent = Promise.withResolvers<void>();
    const serving = serveOne(listener, (request) => {
      const said = say(request);
      if (!said.endsWith(LIST)) silent.resolve();
      return said;
    });
    await using transport = new Transport(
      plainClusterConfig(`${scheme}://127.0.0.1:${listener.addr.port}`),
      { requestTimeout: 30_000, maxRetries: 0 },
    );
    const reflector = new Reflector(transport, PODS, { idleTimeout: 90_000 });
    const lost = Promise.withResolvers<void>();
    reflector.onState((state) => {
      if (state === "disconnected" || state === "stale") lost.resolve();
    });
    reflector.start();
    await silent.promise;
    await time.tickAsync(90_000);
    await lost.promise;
    await reflector.close();
    await transport.close();
    await serving;
  });
}

/** Answers what comes on one connection after the other until the client leaves the last. */
async function serveOne(
  listener: Deno.TcpListener,
  say: (request: string) => string,
): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(16_384);
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return;
    const said = utf8.encode(say(new TextDecoder().decode(buffer.subarray(0, count))));
    if (said.length > 0) await conn.write(said);
  }
}
