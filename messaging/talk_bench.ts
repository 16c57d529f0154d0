/**
 * The way of a message from who asks to a handler in another process and back, over real WebSockets on
 * loopback, beside what a user would choose instead: `fetch` with JSON to a `Deno.serve` handler, and a
 * library for remote calls over a WebSocket. All in the same run:
 *
 *     deno run -A --no-check messaging/talk_bench.ts
 *
 * Each client runs in fresh processes, and the table shows the best of each figure. It is a program and no
 * `Deno.bench`, which does not tell the latencies of what is in an iteration.
 *
 * @module
 */
import { KeyRing, newKey } from "./mod.ts";
import type { CLIENTS, Figures } from "./testdata/talk_clients.ts";
import { RPC_PACKAGE } from "./testdata/talk.ts";
import { program, startTalker } from "./testdata/talkers.ts";

/** Processes of each client that the table shows the best of: other load only slows down. */
const PROCESSES = Number(Deno.env.get("BENCH_PROCESSES") ?? 3);

const TITLES: Record<keyof typeof CLIENTS, string> = {
  troupe: "troupe",
  http: "fetch and Deno.serve",
  rpc: RPC_PACKAGE.replace("npm:", ""),
};
const NAMES = Object.keys(TITLES) as (keyof typeof CLIENTS)[];
const KEYS = new KeyRing([newKey()]).toText();

async function figuresOf(name: string): Promise<Figures> {
  await using server = await startTalker(KEYS);
  const client = program("talk_clients.ts", KEYS, name, `${server.port}`).spawn();
  await client.stdin.close();
  const text = await new Response(client.stdout).text();
  await client.status;
  return JSON.parse(text);
}

if (import.meta.main) {
  const runs = new Map<string, Figures[]>(NAMES.map((name) => [name, []]));
  for (let i = 0; i < PROCESSES; i++) {
    for (const name of NAMES) runs.get(name)!.push(await figuresOf(name));
  }
  console.table(Object.fromEntries(NAMES.map((name) => {
    const best = (pick: (figures: Figures) => number | undefined, by: typeof Math.min) => {
      const found = by(...runs.get(name)!.map((run) => pick(run) ?? NaN));
      return Number.isNaN(found) ? "-" : Number(found.toPrecision(4));
    };
    return [TITLES[name], {
      "ask p50 ms": best(({ p50 }) => p50, Math.min),
      "p99 ms": best(({ p99 }) => p99, Math.min),
      "64 at once/s": best(({ asks }) => asks, Math.max),
      "tells/s": best(({ tells }) => tells, Math.max),
      "items/s": best(({ items }) => items, Math.max),
      "1 MiB ms": best(({ large }) => large, Math.min),
      "map/s": best(({ tasks }) => tasks, Math.max),
    }];
  })));
}
