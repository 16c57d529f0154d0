// What handlers of pods hear keeps the promises that etcd states for its watch, while 200 pods churn,
// connections fail, and whoever leads is paused and killed. TROUPE_CHAOS_SEEDS says how many seeds
// (default 2), TROUPE_CHAOS_SEED which is the first (default 1).
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { FaultPlan } from "../../testing/mod.ts";
import { OWN_NODES } from "../support/cluster.ts";
import { startStreamScene, type StreamScene } from "../support/stream_scene.ts";
import { until } from "../support/until.ts";

const SEEDS = Number(Deno.env.get("TROUPE_CHAOS_SEEDS") ?? 2);
const FIRST = Number(Deno.env.get("TROUPE_CHAOS_SEED") ?? 1);
const WORKLOADS = ["a", "b", "c", "d"];
const REPLICAS = 50;
const PODS = WORKLOADS.length * REPLICAS;
const LEASE = 3_000;
/** How long pods churn while all is well but for the plan, in milliseconds; three times. */
const STORM = 3_000;
/** Between two changes of the churn, in milliseconds. */
const PACE = 40;

const PODS_WATCH = /\/pods\?.*watch=1/;

function storm(seed: number): FaultPlan {
  const watch = /[?&]watch=1/;
  return {
    seed,
    rules: [
      { fault: "cut", path: PODS_WATCH, probability: 0.2, afterBytes: [0, 60_000] },
      { fault: "stall", path: PODS_WATCH, probability: 0.15, afterMs: [0, 1_000] },
      { fault: "halfClose", path: PODS_WATCH, probability: 0.2, afterMs: [0, 1_500] },
      { fault: "status", path: PODS_WATCH, probability: 0.2, code: 410 },
      { fault: "cut", path: watch, probability: 0.6, afterMs: [100, 1_500] },
      { fault: "status", method: "GET", probability: 0.1, code: 429, retryAfterSeconds: 1 },
      { fault: "status", method: "GET", probability: 0.1, code: 503 },
      { fault: "delay", method: "GET", probability: 0.2, ms: [10, 300] },
    ],
  };
}

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  Deno.test({
    name: `what handlers hear of ${PODS} pods keeps its promises under faults, seed ${seed}`,
    ignore: OWN_NODES, // its pods are simulated
    async fn() {
      const began = performance.now();
      await using scene = await startStreamScene({
        seed,
        workloads: WORKLOADS,
        replicas: REPLICAS,
        leaseDuration: LEASE,
      });
      const { proxy } = scene.proxied;
      for (let i = 0; i < 2; i++) scene.add();
      await scene.running(PODS);
      await scene.settled();

      proxy.use(storm(seed));
      await churnFor(STORM, scene);
      await churnWhile(scene.replace(await scene.leader(), "SIGKILL"), scene);
      await churnWhile(scene.leader(), scene);
      await churnFor(STORM, scene);
      await churnWhile(pause(scene), scene);
      await churnFor(STORM, scene);

      // calm again, with pods that stay
      proxy.use({ rules: [] });
      for (const workload of WORKLOADS) await scene.scale(workload, REPLICAS);
      await scene.running(PODS);
      await scene.settled();
      const unseen = await interrupt(scene, { rules: [] });
      const expired = await interrupt(scene, {
        rules: [{ fault: "status", code: 410, path: PODS_WATCH }],
      });
      await blackHole(scene);

      // the next one knows it all, and hears how all of it goes
      const leader = await scene.leader();
      await scene.replace(leader, "SIGTERM");
      await scene.settled();
      for (const workload of WORKLOADS) await scene.scale(workload, 0);
      await scene.running(0);
      await scene.settled();

      for (const listener of scene.listeners) {
        deepStrictEqual(listener.violations({ leads: false }), []);
      }
      strictEqual(scene.record.health.relists, 0); // else states may be missing in the record
      const heard = scene.listeners.map(({ entries }) => entries.length);
      const faults = proxy.record.filter(({ action }) => action !== "open" && action !== "pass");
      const kinds = new Set(faults.map(({ action, code }) => code ?? action));
      ok(kinds.size > 3 && faults.length > 10, `only ${[...kinds].join(", ")} struck`);
      console.log(
        `seed ${seed}: ${scene.recorded} states recorded, ${heard.join(" + ")} events heard, ` +
          `${faults.length} faults of ${kinds.size} kinds, ${unseen} and ${expired} pods told again, ` +
          `${((performance.now() - began) / 1000).toFixed(0)} s`,
      );
    },
  });
}

async function churnFor(ms: number, scene: StreamScene): Promise<void> {
  await churnWhile(sleep(ms), scene);
}

/** Churns until a promise is settled. */
async function churnWhile(work: Promise<unknown>, scene: StreamScene): Promise<void> {
  let over = false;
  const done = work.finally(() => over = true);
  done.catch(() => {}); // awaited below
  while (!over) {
    await scene.churn();
    await sleep(PACE);
  }
  await done;
}

/** Pauses who leads for longer than its lease. */
async function pause(scene: StreamScene): Promise<void> {
  const { pid } = await scene.leader();
  Deno.kill(pid, "SIGSTOP");
  try {
    await sleep(LEASE + 1_000);
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
}

/**
 * Interrupts all connections while nothing happens: all pods must be told again. Resolves with how
 * many were.
 */
async function interrupt(scene: StreamScene, plan: FaultPlan): Promise<number> {
  const { proxy } = scene.proxied;
  const leading = scene.listener(await scene.leader());
  const before = new Map(scene.listeners.map((each) => [each, each.entries.length]));
  const strikes = (): number => proxy.record.filter(({ code }) => code === 410).length;
  const struck = strikes();
  proxy.refuse(true); // so that no connection that is about to be opened escapes
  proxy.cut();
  leading.interrupted();
  proxy.use(plan);
  await sleep(300);
  proxy.refuse(false);
  if (plan.rules.length > 0) {
    await until("the plan to strike", () => strikes() > struck + scene.cast.replicas.length);
  }
  proxy.use({ rules: [] });
  const listener = scene.listener(await scene.settled()); // another one, if it lost its lease
  const told = listener.entries.slice(before.get(listener))
    .flatMap((entry) => entry.entry === "event" ? [entry] : []);
  const uids = new Set(told.map(({ uid }) => uid));
  strictEqual(scene.record.store.size, PODS);
  for (const { metadata } of scene.record.store.values()) ok(uids.has(metadata!.uid!));
  return told.filter(({ replayed }) => replayed).length;
}

/** What happens while the connections that tell of it are black holes is heard all the same. */
async function blackHole(scene: StreamScene): Promise<void> {
  const { proxy } = scene.proxied;
  proxy.use({ rules: [{ fault: "stall", path: PODS_WATCH, afterBytes: 0 }] });
  const holes = (): number => proxy.record.filter(({ action }) => action === "stall").length;
  const before = holes();
  proxy.cut();
  await until("a black hole", () => holes() >= before + scene.cast.replicas.length);
  for (const { metadata } of [...scene.record.store.values()].slice(0, 20)) {
    await scene.label(metadata!.name!, "unseen");
  }
  proxy.use({ rules: [] });
  await scene.settled();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
