/**
 * The cluster of a soak test, in a process of its own, so that the memory of the coordinator's process
 * is the coordinator's: simulated nodes, and a proxy before the API server that follows a seeded plan.
 *
 * Prints one line of JSON when it is ready. Reads commands from its input, each one letter: `f` puts the
 * plan of faults into force, `c` takes it away, `r` makes the API server unreachable for a while, as a
 * restart does. It stops when its input ends.
 */
import { loadClusterConfig, Transport } from "../../kube/mod.ts";
import { LocalCluster } from "../../local/mod.ts";
import { NodeAgent, SimulatedRuntime } from "../../local/node/mod.ts";
import { type FaultPlan, FaultProxy } from "../../testing/mod.ts";

/** What the process is told. */
export interface SoakClusterOptions {
  seed: number;
  /** A real cluster without nodes. @default an embedded one */
  kubeconfig?: string;
}

/** What it says when it is ready. */
export interface SoakCluster {
  /** Kubeconfig of the cluster. */
  kubeconfig: string;
  /** URL of the proxy. */
  proxy: string;
}

/** How long the API server is away, in milliseconds. */
const OUTAGE = 8_000;

function plan(seed: number): FaultPlan {
  const watch = /[?&]watch=/;
  return {
    seed,
    rules: [
      { fault: "stall", path: watch, probability: 0.1, afterMs: [0, 30_000] }, // a black hole
      { fault: "cut", path: watch, probability: 0.3, afterMs: [500, 40_000] },
      { fault: "halfClose", path: watch, probability: 0.1, afterMs: [0, 20_000] },
      { fault: "status", code: 429, retryAfterSeconds: 1, probability: 0.02 },
      { fault: "status", code: 503, method: "GET", probability: 0.02 },
      { fault: "delay", probability: 0.1, ms: [10, 500] },
    ],
  };
}

if (import.meta.main) {
  const { seed, kubeconfig } = JSON.parse(Deno.args[0] ?? "{}") as SoakClusterOptions;
  await using stack = new AsyncDisposableStack();
  let path = kubeconfig;
  if (path === undefined) {
    const images = { "worker:latest": [] };
    path = stack.use(await LocalCluster.start({ images, runtime: "simulated" })).kubeconfig;
  }
  const config = await loadClusterConfig({ kubeconfig: path });
  if (kubeconfig !== undefined) {
    const budget = { perSecond: 500, burst: 500 };
    const client = stack.use(new Transport(config, { budget }));
    const dir = await Deno.makeTempDir({ prefix: "troupe-soak-" });
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    stack.use(
      await NodeAgent.start(client, {
        name: "troupe-soak",
        images: { "worker:latest": [] },
        dir,
        onClose: "delete",
        onError: () => {}, // the API server is killed under it, too
        runtime: stack.use(new SimulatedRuntime()),
        capacity: { pods: 1_000, cpu: 1_000, memory: 2 ** 40 },
      }),
    );
  }
  const { tls } = await config.credentials.get();
  const proxy = stack.use(
    await FaultProxy.start({
      target: config.server,
      ...(tls.caCerts && { caCerts: tls.caCerts }),
    }),
  );
  const ready: SoakCluster = { kubeconfig: path, proxy: proxy.url };
  console.log(JSON.stringify(ready));
  let round = 0;
  for await (const bytes of Deno.stdin.readable) {
    for (const command of new TextDecoder().decode(bytes)) {
      if (command === "f") proxy.use(plan(seed + round++));
      if (command === "c") proxy.use({ rules: [] });
      if (command === "r") {
        proxy.refuse(true);
        proxy.cut();
        setTimeout(() => proxy.refuse(false), OUTAGE);
      }
    }
  }
}
