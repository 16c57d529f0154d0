// Whoever leads is killed again and again: for the workers it is a non-event. TROUPE_CHAOS_KILLS says
// how often (default 12).
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { startCast } from "../support/cast.ts";
import type { ReplicaLine } from "../support/replica.ts";
import { until } from "../support/until.ts";

type PodLine = Extract<ReplicaLine, { line: "pod" }>;

const KILLS = Number(Deno.env.get("TROUPE_CHAOS_KILLS") ?? 12);
const WORKERS = 20;
/** For what takes as long as an election may take on a busy machine. */
const PATIENCE = { timeout: 120_000 };
const LEASE = 1_000;

Deno.test(`the death of a leader, ${KILLS} times, restarts no worker, and no change is missed`, async () => {
  await using cast = await startCast({ workers: WORKERS, leaseDuration: LEASE, tick: 100 });
  for (let i = 0; i < 3; i++) cast.add();
  let leader = await cast.leader();
  await until(
    "all workers to run",
    async () => (await cast.workers()).length === WORKERS,
    PATIENCE,
  );
  const first = await cast.workers();
  const before = first.map(({ metadata }) => metadata!.uid!).sort();
  const names = new Map(first.map((p) => [p.metadata!.uid!, p.metadata!.name!]));
  const mark = async (uid: string, step: string): Promise<void> => {
    await cast.core.patchPod(names.get(uid)!, "json-merge", { metadata: { labels: { step } } });
  };

  const takeovers: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    const token = cast.token();
    const uid = before[kill % WORKERS]!;
    const killed = performance.now();
    await leader.stop("SIGKILL");
    cast.drop(leader);
    // while nobody leads, something happens that the next leader's handlers must hear of
    await mark(uid, `${kill}`);
    cast.add();
    leader = await cast.leader(token);
    takeovers.push(performance.now() - killed);
    // who led next may have lost its lease since, on a busy machine; then it is the one after it
    const heard = (is: (pod: PodLine) => boolean): boolean =>
      cast.replicas.some((replica) =>
        replica.token() > token && replica.lines().some((l) => l.line === "pod" && is(l))
      );
    const isHeard = (step: string) => () => heard((pod) => pod.uid === uid && pod.step === step);
    await until(`change ${kill} to be heard by the next leader`, isHeard(`${kill}`), PATIENCE);
    await until("all workers to be told to the next leader", () => {
      return before.every((each) => heard((pod) => pod.uid === each));
    }, PATIENCE);
    await mark(uid, `${kill}-adopted`);
    await until(
      `a change after adoption ${kill} to be heard`,
      isHeard(`${kill}-adopted`),
      PATIENCE,
    );
    leader = await cast.leader(token);
  }

  const after = await cast.workers();
  deepStrictEqual(after.map(({ metadata }) => metadata!.uid).sort(), before);
  const restarts = after.flatMap(({ status }) => status!.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  strictEqual(restarts, 0);
  deepStrictEqual(beginnings(after), beginnings(first)); // no container was replaced by another one
  deepStrictEqual(cast.violations(), []);
  const terms = new Set(cast.audit.states.map(({ term }) => term));
  ok(terms.size >= KILLS, `only ${terms.size} terms wrote anything`);
  takeovers.sort((a, b) => a - b);
  const [median, worst] = [takeovers[takeovers.length >> 1]!, takeovers.at(-1)!];
  console.log(
    `${KILLS} kills with a lease of ${LEASE} ms: the next one led after ${median.toFixed(0)} ms ` +
      `(median), ${worst.toFixed(0)} ms (worst); ${cast.audit.states.length} states audited`,
  );
});

/** When each worker's container began, by the pod's name. */
function beginnings(pods: Pod[]): Record<string, unknown> {
  return Object.fromEntries(
    pods.map(({ metadata, status }) => [
      metadata!.name,
      status?.containerStatuses?.map(({ containerID, state }) => [
        containerID,
        state?.running?.startedAt?.toISOString(),
      ]),
    ]),
  );
}
