/**
 * `deno task soak`: a coordinator for hours, under faults, with churn; then what became of it.
 *
 * In rounds of some minutes: workers come, go and change while watches are cut, stalled (black holes),
 * half-closed, refused and slowed, and now and then the API server is away; then faults end, and the
 * handlers must know just what the API server has, and have heard of every pod that is gone. After the
 * rounds the memory of the first and the last of them is compared. The cluster is another process.
 *
 *   --minutes N       how long (default 60)
 *   --seed N          of faults and churn (default 1)
 *   --kubeconfig P    a real cluster without nodes (default: an embedded one)
 *   --restart C       a command that ends the API server and starts it again (default: the proxy is
 *                     closed for a while)
 */
import { parseArgs } from "@std/cli/parse-args";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator, type Workload } from "../coordinator/mod.ts";
import { loadClusterConfig, plainClusterConfig, Transport } from "../kube/mod.ts";
import { seededRandom } from "../testing/mod.ts";
import type { SoakCluster } from "./soak/cluster.ts";

const MINUTE = 60_000;
/** Faults and churn of a round, in milliseconds. */
const STORM = 2 * MINUTE;
/** Time to recover: a black hole is found after the idle time of 90 s. */
const RECOVERY = 110_000;
const WORKLOADS = ["a", "b", "c", "d"];
const MOST_WORKERS = 50;
/** Growth that counts as flat. */
const FLAT = 0.1;

declare const gc: (() => void) | undefined; // with --v8-flags=--expose-gc

const flags = parseArgs(Deno.args, { string: ["minutes", "seed", "kubeconfig", "restart"] });
const minutes = Number(flags.minutes ?? 60);
const seed = Number(flags.seed ?? 1);
const random = seededRandom(seed);
const between = (min: number, max: number): number => Math.round(min + random() * (max - min));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const child = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "--quiet",
    "--no-check",
    "-A",
    new URL("soak/cluster.ts", import.meta.url).pathname,
    JSON.stringify({ seed, kubeconfig: flags.kubeconfig }),
  ],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const commands = child.stdin.getWriter();
const order = (command: "f" | "c" | "r"): Promise<void> =>
  commands.write(new TextEncoder().encode(command));
const output = child.stdout.getReader();
const first = await output.read();
const cluster = JSON.parse(new TextDecoder().decode(first.value)) as SoakCluster;

const config = await loadClusterConfig({ kubeconfig: cluster.kubeconfig });
const admin = new Transport(config, { budget: { perSecond: 500, burst: 500 } });
const namespace = `troupe-soak-${crypto.randomUUID().slice(0, 8)}`;
await new CoreV1Api(admin).createNamespace({ metadata: { name: namespace } });
const core = new CoreV1Api(admin).namespace(namespace);

const { authorization } = await config.credentials.get();
const presented = { ...(authorization && { authorization }), tls: { caCerts: [] } };
const coordinator = await Coordinator.create({
  name: "soak",
  config: {
    ...plainClusterConfig(cluster.proxy, { namespace }),
    credentials: { get: () => Promise.resolve(presented), refresh: () => {} },
  },
  election: true,
  budget: { perSecond: 100, burst: 100 },
});

/** What handlers know: the label `step` of each pod, by uid. */
const known = new Map<string, string | undefined>();
const counts = { events: 0, errors: 0, terms: 0, reconnects: 0, restarts: 0, refused: 0 };
coordinator.onError(() => void counts.errors++);
coordinator.onCoordinatorEvent((e) => {
  if (e.type === "leading") counts.terms++;
  if (e.type === "disconnected") counts.reconnects++;
});
coordinator.onPodEvent((e) => {
  counts.events++;
  if (e.type === "deleted") known.delete(e.uid);
  else known.set(e.uid, e.labels.step);
});
const workloads: Workload[] = [];
for (const name of WORKLOADS) {
  workloads.push(await coordinator.run({ name, image: "worker:latest", port: 80, replicas: 10 }));
}
const started = coordinator.start();

/** Lets the API server go away and come back. */
async function restart(): Promise<void> {
  counts.restarts++;
  if (flags.restart === undefined) return await order("r");
  const { success } = await new Deno.Command("sh", { args: ["-c", flags.restart] }).output();
  if (!success) throw new Error(`Cannot restart the API server: "${flags.restart}" failed`);
}

/** One thing that happens in a cluster; what fails, as there is a storm, is tried no more. */
async function churn(): Promise<void> {
  const pods = (await core.getPodList()).items;
  const pod = pods[between(0, pods.length - 1)]?.metadata?.name ?? undefined;
  const workload = workloads[between(0, workloads.length - 1)]!;
  switch (between(0, 3)) {
    case 0:
      return await workload.scale(between(0, MOST_WORKERS)).catch(() => {});
    case 1:
      if (pod !== undefined) await core.deletePod(pod, { gracePeriodSeconds: 0 });
      return;
    default: {
      const labels = { step: String(between(0, 1e6)) };
      if (pod !== undefined) await core.patchPod(pod, "json-merge", { metadata: { labels } });
    }
  }
}

/** What handlers do not know, or know and is not so. */
async function mistakes(): Promise<string[]> {
  const { items } = await core.getPodList({ labelSelector: "troupe.dev/coordinator=soak" });
  const there = new Map(
    items.map(({ metadata }) => [metadata!.uid!, metadata!.labels?.step] as const),
  );
  const found: string[] = [];
  for (const [uid, step] of there) {
    if (!known.has(uid)) found.push(`${uid} was not told`);
    else if (known.get(uid) !== step) found.push(`${uid} has step ${step}, not ${known.get(uid)}`);
  }
  for (const uid of known.keys()) if (!there.has(uid)) found.push(`${uid} is gone, not told`);
  return found;
}

/** Megabytes of the JavaScript heap, garbage taken away. */
function heap(): number {
  gc?.();
  return Deno.memoryUsage().heapUsed / 2 ** 20;
}

const heaps: number[] = [];
const rss: number[] = [];
let missed = 0;
const end = performance.now() + minutes * MINUTE;
for (let round = 1; performance.now() < end; round++) {
  await order("f");
  const calm = performance.now() + STORM;
  while (performance.now() < calm) {
    await churn().catch(() => void counts.refused++); // the API server may be away
    await sleep(between(50, 400));
    if (random() < 0.004) await restart();
  }
  await order("c");
  // all workloads as large as in every round, so that memory can be compared
  for (const workload of workloads) {
    for (let done = false; !done;) {
      done = await workload.scale(10).then(() => true, () => sleep(1_000).then(() => false));
    }
  }
  const deadline = performance.now() + RECOVERY;
  let wrong = ["the API server was not asked"];
  while (wrong.length > 0 && performance.now() < deadline) {
    wrong = await mistakes().catch((error) => [error.message]);
    if (wrong.length > 0) await sleep(1_000);
  }
  missed += wrong.length;
  heaps.push(heap());
  rss.push(Deno.memoryUsage().rss / 2 ** 20);
  console.log(
    `round ${round}: ${counts.events} events, ${counts.errors} failed attempts, ` +
      `${counts.reconnects} reconnections, ${counts.terms} terms, ${counts.restarts} restarts, ` +
      `${wrong.length} mistakes, ` +
      `heap ${heaps.at(-1)!.toFixed(1)} MB, rss ${rss.at(-1)!.toFixed(0)} MB`,
  );
  for (const line of wrong.slice(0, 5)) console.log(`  ${line}`);
}

await coordinator.stop();
await started;
await new CoreV1Api(admin).deleteNamespace(namespace);
await admin.close();
await commands.close();
const { code } = await child.status;
await output.cancel();

// the first round warms up: compiled code, caches
const settled = heaps.slice(1);
const growth = settled.length < 2 ? 0 : settled.at(-1)! / settled[0]! - 1;
console.log(
  `${heaps.length} rounds in ${minutes} min, seed ${seed}: ${missed} mistakes, heap grew by ` +
    `${(growth * 100).toFixed(1)} % (${settled[0]?.toFixed(1)} to ${
      settled.at(-1)?.toFixed(1)
    } MB)`,
);
if (missed > 0 || growth > FLAT || code !== 0) Deno.exit(1);
