// Whoever leads is killed again and again: for the workers it is a non-event. TROUPE_CHAOS_KILLS says
// how often (default 12).
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startCast } from "../support/cast.ts";
import { until } from "../support/until.ts";

const KILLS = Number(Deno.env.get("TROUPE_CHAOS_KILLS") ?? 12);
const WORKERS = 20;
const LEASE = 1_000;

Deno.test(`the death of a leader, ${KILLS} times, restarts no worker, and no change is missed`, async () => {
  await using cast = await startCast({ workers: WORKERS, leaseDuration: LEASE, tick: 100 });
  for (let i = 0; i < 3; i++) cast.add();
  let leader = await cast.leader();
  await until(
    "all workers to run",
    async () => (await cast.workers()).length === WORKERS,
    { timeout: 120_000 },
  );
  const before = (await cast.workers()).map(({ metadata }) => metadata!.uid!).sort();
  const names = new Map((await cast.workers()).map((p) => [p.metadata!.uid!, p.metadata!.name!]));

  const takeovers: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    const token = cast.token();
    const uid = before[kill % WORKERS]!;
    const killed = performance.now();
    await leader.stop("SIGKILL");
    cast.drop(leader);
    // while nobody leads, something happens that the next leader's handlers must hear of
    const step = String(kill);
    await cast.core.patchPod(names.get(uid)!, "json-merge", { metadata: { labels: { step } } });
    cast.add();
    leader = await cast.leader(token);
    takeovers.push(performance.now() - killed);
    const next = leader;
    await until(`change ${kill} to be heard by the next leader`, () => {
      return next.lines().some((l) => l.line === "pod" && l.uid === uid && l.step === step);
    });
  }

  const after = await cast.workers();
  deepStrictEqual(after.map(({ metadata }) => metadata!.uid).sort(), before);
  const restarts = after.flatMap(({ status }) => status!.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  strictEqual(restarts, 0);
  deepStrictEqual(cast.audit.violations(), []);
  const terms = new Set(cast.audit.states.map(({ term }) => term));
  ok(terms.size >= KILLS, `only ${terms.size} terms wrote anything`);
  takeovers.sort((a, b) => a - b);
  const [median, worst] = [takeovers[takeovers.length >> 1]!, takeovers.at(-1)!];
  console.log(
    `${KILLS} kills with a lease of ${LEASE} ms: the next one led after ${median.toFixed(0)} ms ` +
      `(median), ${worst.toFixed(0)} ms (worst); ${cast.audit.states.length} states audited`,
  );
});
