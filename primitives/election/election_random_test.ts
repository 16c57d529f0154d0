import { ok } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import type { Fault } from "./testdata/lease_server.ts";
import { Scene } from "./testdata/scene.ts";

const SEEDS = Array.from({ length: 32 }, (_, seed) => seed + 1);
const FAULTS: readonly Fault[] = ["lose request", "lose answer", 409, 429, 500, 503];

// Candidates whose clocks run up to 10 % too fast or too slow are paused, killed, cut off and closed
// at random, the server loses and refuses, watches stall, and people edit and delete the Lease.
// Deleted it is only when all candidates know of the holder: one that does not cannot wait for it.
for (const seed of SEEDS) {
  Deno.test(`Election never has two terms that are trusted at once, and tokens only grow (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const between = (from: number, to: number) => from + random() * (to - from);
    await using scene = new Scene();
    const { server, processes } = scene;
    let tokens = 0;
    let terms = 0;
    let cut: string | undefined;
    let rate = 0;
    server.fault = (call) => {
      if (call.client === cut) return "lose request";
      return random() < rate ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
    };
    scene.check = () => {
      const trusted = processes.filter((it) => it.running && it.election.term !== undefined);
      ok(trusted.length <= 1, `${trusted.map((it) => it.name)} lead at ${scene.time.now}`);
    };
    let started = 0;
    const start = () => {
      const name = `p${started++}`;
      const process = scene.start(name, {
        latency: () => between(0.5, 30),
        rate: between(0.9, 1.1),
        random,
      });
      process.election.onEvent((event) => {
        if (event.type !== "leading") return;
        // one that was paused in between may tell of an older term, which is over by then
        if (event.term.remainingMs() === 0) return;
        ok(event.term.token > tokens, `${event.term.token} after ${tokens}`);
        tokens = event.term.token;
        terms++;
      });
    };
    for (let i = 0; i < 4; i++) start();
    const actions: (() => unknown)[] = [
      () => processes[Math.floor(random() * processes.length)]!.pause(),
      () => processes.forEach((it) => it.resume()),
      () => rate = random() < 0.5 ? 0 : 0.4,
      () => server.stalled = random() < 0.3,
      () => cut = random() < 0.5 ? `p${Math.floor(random() * started)}` : undefined,
      () => {
        const lead = processes.find((it) => it.running && it.election.term);
        const settled = new Promise((resolve) => setTimeout(resolve, between(0, 3_000)));
        if (lead) void lead.election.close({ settled }).then(start);
      },
      () => {
        const lead = processes.find((it) => it.running && it.election.term);
        lead?.election.resign({ pause: between(0, 5_000) });
      },
      () => {
        const { lease } = server;
        const { metadata } = lease ?? {};
        if (lease) server.store("MODIFIED", { ...lease, metadata: { ...metadata, labels: {} } });
      },
      () => {
        const holder = server.lease?.spec?.holderIdentity;
        const known = processes.every((it) => it.running && it.election.leader === holder);
        if (server.lease && known && !server.stalled && rate === 0) server.remove();
      },
    ];
    for (let i = 0; i < 25; i++) {
      actions[Math.floor(random() * actions.length)]!();
      await scene.pass(between(10, 5_000));
    }
    // and when all is well again, someone leads
    rate = 0;
    cut = undefined;
    server.stalled = false;
    processes.forEach((it) => it.resume());
    await scene.until(() => processes.some((it) => it.election.term !== undefined), 20_000);
    ok(terms > 0);
  });
}
