/**
 * One replica of a coordinator, for tests that kill and pause it. It runs what its one argument, as
 * JSON, says, and prints what it hears as lines of JSON.
 */
import { Coordinator, type RunParams } from "../../coordinator/mod.ts";

/** What a replica is told. */
export interface ReplicaConfig {
  name: string;
  namespace: string;
  kubeconfig: string;
  leaseDuration: number;
  /** What it runs before it starts. */
  runs: RunParams[];
  /** A workload whose definition the leader changes all the time; milliseconds between two changes. */
  ticker?: { params: RunParams; every: number };
}

/** What a replica prints. */
export type ReplicaLine =
  | { line: "ready" }
  | { line: "leading"; token: number }
  | { line: "lost" | "following" | "stopped" }
  | { line: "pod"; type: string; uid: string; step: string | undefined; replayed: boolean }
  | { line: "error"; message: string };

function say(line: ReplicaLine): void {
  console.log(JSON.stringify(line));
}

if (import.meta.main) {
  const config = JSON.parse(Deno.args[0] ?? "{}") as ReplicaConfig;
  const { name, namespace, kubeconfig, leaseDuration, runs, ticker } = config;
  await using coordinator = await Coordinator.create({
    name,
    namespace,
    kubeconfig,
    election: { leaseDuration },
    budget: { perSecond: 200, burst: 400 },
    watch: { minBackoff: 50, maxBackoff: 500 },
    kinds: ["Deployment"],
  });
  coordinator.onError(({ message }) => say({ line: "error", message }));
  coordinator.onCoordinatorEvent((e) => {
    if (e.type === "leading") say({ line: "leading", token: e.token ?? 0 });
    if (e.type === "lost" || e.type === "following" || e.type === "stopped") say({ line: e.type });
  });
  coordinator.onPodEvent(({ type, uid, labels, replayed }) =>
    say({ line: "pod", type, uid, step: labels.step, replayed })
  );
  if (ticker !== undefined) {
    coordinator.onLeading(async ({ signal, token }) => {
      for (let tick = 1; !signal.aborted; tick++) {
        const annotations = { tick: `${token}-${tick}` };
        await coordinator.run({ ...ticker.params, annotations });
        await new Promise((resolve) => setTimeout(resolve, ticker.every));
      }
    });
  }
  for (const params of runs) await coordinator.run(params);
  say({ line: "ready" });
  await coordinator.start();
}
