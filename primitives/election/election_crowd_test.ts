// 1,000 candidates for one election: what it costs, and that no two terms are trusted at once.
// TROUPE_ELECTION_SIZE, _SECONDS (of virtual time under faults) and _SEED say how many, how long and which.
import { deepStrictEqual, ok } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { Crowd } from "./testdata/crowd.ts";
import type { Fault } from "./testdata/lease_server.ts";

const SIZE = Number(Deno.env.get("TROUPE_ELECTION_SIZE") ?? 1_000);
const SECONDS = Number(Deno.env.get("TROUPE_ELECTION_SECONDS") ?? 240);
const SEED = Number(Deno.env.get("TROUPE_ELECTION_SEED") ?? 1);
const VERBOSE = Deno.env.has("TROUPE_ELECTION_SIZE");

Deno.test("Election of 1,000 candidates costs 0.5 writes a second, and few requests at a handover", async () => {
  await using crowd = new Crowd({ size: SIZE, random: seededRandom(SEED), latency: [1, 10] });
  const { scene } = crowd;
  await crowd.led();
  await scene.pass(3_000);
  // a read, a list and a watch of each, and claims of those that found no Lease
  const start = crowd.requests();
  if (VERBOSE) console.log("start", start);
  ok(start.lists === SIZE && start.watches === SIZE && start.reads <= 2 * SIZE);

  await scene.pass(20_000);
  const steady = crowd.requests();
  if (VERBOSE) console.log("20 s", steady);
  const { writes, ...rest } = steady;
  ok(writes >= 9 && writes <= 11, `${writes} writes`);
  deepStrictEqual(rest, { refused: 0, reads: 0, lists: 0, watches: 0 });

  for (let i = 0; i < 4; i++) {
    const leader = crowd.leader!;
    const killed = i % 2 === 1;
    if (killed) leader.pause(); // for ever
    else void leader.election.close();
    await scene.until(() => crowd.leader !== leader && crowd.leader !== undefined);
    await scene.pass(1_000);
    const handover = crowd.requests();
    if (VERBOSE) console.log(killed ? "killed" : "closed", handover);
    ok(handover.writes + handover.reads <= SIZE / (killed ? 20 : 5), JSON.stringify(handover));
    deepStrictEqual([handover.lists, handover.watches], [0, 0]);
  }
});

Deno.test("Election of 1,000 candidates never has two terms that are trusted at once, under faults", async () => {
  await using crowd = new Crowd({ size: SIZE, random: seededRandom(SEED), latency: [0.5, 30] });
  const { scene, random } = crowd;
  const { server } = scene;
  const between = (from: number, to: number) => crowd.between(from, to);
  const FAULTS: readonly Fault[] = ["lose request", "lose answer", 409, 429, 429, 500, 503];
  const cut = new Set<string>();
  let rate = 0;
  server.fault = ({ client }) => {
    if (cut.has(client)) return "lose request";
    return random() < rate ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
  };
  const counts: Record<string, number> = {};
  const faults: Record<string, () => void> = {
    stop: () => crowd.stopAtWrite(between(1_000, 20_000)),
    kill: () => {
      crowd.leader?.pause();
      crowd.start();
    },
    close: () => {
      const settled = new Promise((resolve) => setTimeout(resolve, between(0, 2_000)));
      const { leader } = crowd;
      if (leader) void leader.election.close({ settled }).then(() => crowd.start());
    },
    resign: () => crowd.leader?.election.resign({ pause: between(0, 10_000) }),
    storm: () => {
      rate = 0.4;
      setTimeout(() => rate = 0, between(1_000, 4_000));
    },
    partition: () => {
      const some = scene.processes.filter((it) => it === crowd.leader || random() < 0.2);
      some.forEach((it) => cut.add(it.name));
      server.cutWatches((client) => cut.has(client));
      setTimeout(() => cut.clear(), between(2_000, 12_000));
    },
    deaf: () => {
      server.stalled = true;
      setTimeout(() => server.stalled = false, between(1_000, 12_000));
    },
    "cut watches": () => server.cutWatches(),
    edit: () => {
      const { lease } = server;
      if (!lease) return;
      server.store("MODIFIED", { ...lease, metadata: { ...lease.metadata, labels: {} } });
    },
  };
  const names = Object.keys(faults);
  const end = scene.time.now + SECONDS * 1_000;
  await crowd.led();
  await scene.pass(1_000);
  crowd.requests();
  let most = 0;
  for (let i = 0; scene.time.now < end; i++) {
    const name = i < names.length ? names[i]! : names[Math.floor(random() * names.length)]!;
    counts[name] = (counts[name] ?? 0) + 1;
    faults[name]!();
    for (let seconds = between(1, 6); seconds > 0; seconds--) {
      await scene.pass(1_000);
      const { writes, reads, lists, watches } = crowd.requests();
      most = Math.max(most, writes + reads + lists + watches);
    }
  }
  // and when all is well again, someone leads
  rate = 0;
  cut.clear();
  server.stalled = false;
  scene.processes.forEach((it) => it.resume());
  await crowd.led(20_000);
  const { tokens, resource } = crowd;
  if (VERBOSE) console.log(counts, { terms: tokens.length, most, ...resource });
  deepStrictEqual(tokens, [...new Set(tokens)].sort((a, b) => a - b));
  if (SECONDS < 120) return; // too short for all faults to be met
  ok(tokens.length > names.length / 2 && resource.accepted > SECONDS && resource.refused > 0);
  ok(most <= 1.5 * SIZE, `${most} requests in a second`);
});
