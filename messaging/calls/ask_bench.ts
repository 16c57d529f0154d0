/**
 * What a round trip costs from `Caller` and `Group` to a handler and back, over a connection in memory:
 * all of messaging but the socket, both ends in one thread, JSON both ways included.
 *
 *     deno run -A --no-check messaging/calls/ask_bench.ts
 *
 * It prints asks a second, and the latency of an ask (p50, p99), with so many in flight. It is a program
 * and no `Deno.bench`, as that tells the time of an iteration and not the latency of each ask in it.
 *
 * @module
 */
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import { Group } from "../group/group.ts";
import { LinkedMember } from "../group/linked_member.ts";
import { memoryChannels } from "../session/memory_channel.ts";
import { Callee } from "./callee.ts";
import { implementation } from "./implementation.ts";

const ASKS = 100_000;

const echo = contract("echo", { echo: { input: z.string(), output: z.string() } });

/** A group of one worker that echoes; `close` leaves nothing behind. */
function setUp(): { group: Group<typeof echo.specs>; member: LinkedMember; close: () => void } {
  const callee = new Callee(implementation(echo, { echo: (text) => text }), {
    concurrency: 1_024,
    queue: 1_024,
  });
  const { caller, callee: end } = memoryChannels({ methods: ["echo"], limits: callee.limits });
  callee.attach(end);
  const member = new LinkedMember({ name: "w-1", uid: "uid" }, { contract: "echo" });
  member.follow({ state: "ready", channel: caller });
  const group = new Group(echo);
  group.add(member);
  function close(): void {
    member.close(new Error("the benchmark is over"));
    callee.close();
  }
  return { group, member, close };
}

/** Asks so often, with so many in flight; returns each one's milliseconds. */
async function askAll(ask: () => Promise<unknown>, inFlight: number): Promise<Float64Array> {
  const times = new Float64Array(ASKS);
  let next = 0;
  async function lane(): Promise<void> {
    while (next < ASKS) {
      const i = next++;
      const begun = performance.now();
      await ask();
      times[i] = performance.now() - begun;
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane));
  return times.sort();
}

async function measure(name: string, ask: () => Promise<unknown>, inFlight: number): Promise<void> {
  await askAll(ask, inFlight); // warm
  const begun = performance.now();
  const times = await askAll(ask, inFlight);
  const seconds = (performance.now() - begun) / 1_000;
  const at = (part: number) => `${(1_000 * (times[Math.floor(ASKS * part)] ?? 0)).toFixed(0)} µs`;
  const rate = Math.round(ASKS / seconds / 1_000);
  console.log(
    `${name.padEnd(22)} ${String(inFlight).padStart(5)} in flight: ${rate}k asks/s, ` +
      `p50 ${at(0.5)}, p99 ${at(0.99)}`,
  );
}

if (import.meta.main) {
  const { group, member, close } = setUp();
  for (const [size, text] of [["20 B", "x".repeat(20)], ["1 kB", "x".repeat(1_000)]] as const) {
    for (const inFlight of [1, 64, 1_024]) {
      const call = () => member.call("echo", text, { timeout: 30_000 });
      await measure(`Caller.call, ${size}`, call, inFlight);
      await measure(`Group.ask, ${size}`, () => group.ask("echo", text), inFlight);
    }
  }
  close();
}
