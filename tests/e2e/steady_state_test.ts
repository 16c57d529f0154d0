// Nothing to do, nothing written: but for the renewals of the Lease. TROUPE_STEADY_SECONDS says for how
// long (default 20).
import { deepStrictEqual, ok } from "node:assert/strict";
import { Coordinator } from "../../coordinator/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { startProxied } from "../support/proxied.ts";

const WORKERS = 200;
const SECONDS = Number(Deno.env.get("TROUPE_STEADY_SECONDS") ?? 20);
/** Long enough to be kept on a busy machine while all workers start: a new term writes to each head. */
const LEASE = 120_000;
/** Between two renewals, in milliseconds; as with a lease of the default duration. */
const RENEWAL = 2_000;

Deno.test({
  name:
    `${WORKERS} workers in a steady state of ${SECONDS} s: the only writes are the Lease's renewals`,
  ignore: OWN_NODES, // its pods are simulated
  async fn() {
    await using cluster = await startTestCluster({
      images: { "worker:latest": [] },
      runtime: "simulated",
    });
    await using proxied = await startProxied(cluster);
    await using coordinator = await Coordinator.create({
      name: "steady",
      namespace: cluster.namespace,
      kubeconfig: proxied.kubeconfig,
      election: { leaseDuration: LEASE, renewInterval: RENEWAL },
    });
    const drifted: unknown[] = [];
    coordinator.onCoordinatorEvent((e) => e.type === "drifted" && drifted.push(e));
    const workload = await coordinator.run({
      name: "worker",
      image: "worker:latest",
      port: 8086,
      replicas: WORKERS,
    });
    const started = coordinator.start();
    await workload.ready({ timeout: 600_000 });
    const { record } = proxied.proxy;
    const before = record.length;
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const requests = record.slice(before).filter(({ action }) => action === "pass");
    await coordinator.stop();
    await started;

    deepStrictEqual(drifted, []);
    const writes = requests.filter(({ method }) => method !== "GET");
    const others = writes.filter(({ path }) => !/\/leases\//.test(path!));
    deepStrictEqual(others.map(({ method, path }) => `${method} ${path}`), []);
    const renewals = SECONDS * 1000 / RENEWAL;
    ok(writes.length <= renewals + 1, `${writes.length} renewals in ${SECONDS} s`);
    ok(writes.length >= renewals / 2, `only ${writes.length} renewals in ${SECONDS} s`);
    const rate = requests.length / SECONDS;
    ok(rate < 2, `${rate} requests a second`);
    console.log(`${SECONDS} s: ${writes.length} writes, ${rate.toFixed(2)} requests a second`);
  },
});
