// Messages go from process to process: whatever is asked costs the API server nothing.
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Coordinator } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { startProxied } from "../support/proxied.ts";
import { talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

/** So long that no renewal falls into the test, in milliseconds. */
const LEASE = 600_000;
const RENEWAL = 300_000;
/** Without requests for so long, nothing is left to be done (ms). */
const QUIET = 2_000;
const ASKS = 1_000;

Deno.test({
  name: `${ASKS} asks, and a stream, send no request to the API server`,
  ignore: OWN_NODES, // a cluster with nodes of its own has no image of this worker
  async fn() {
    await using cluster = await startTestCluster({
      images: { "talker:1": denoImage(new URL("../support/talker.ts", import.meta.url)) },
    });
    await using proxied = await startProxied(cluster);
    await using coordinator = await Coordinator.create({
      name: "steady",
      namespace: cluster.namespace,
      kubeconfig: proxied.kubeconfig,
      election: { leaseDuration: LEASE, renewInterval: RENEWAL },
    });
    const talkers = await coordinator.run({
      name: "talker",
      image: "talker:1",
      replicas: 3,
      contract: talker,
    });
    const started = coordinator.start();
    await talkers.ready({ timeout: 60_000 });
    await until(
      "all answer",
      () => talkers.workers.filter(({ state }) => state === "ready").length === 3,
    );
    const { record } = proxied.proxy;
    let [seen, since] = [record.length, performance.now()];
    await until("nothing to be done", () => {
      if (record.length !== seen) [seen, since] = [record.length, performance.now()];
      return performance.now() - since > QUIET;
    });

    for (let i = 0; i < ASKS; i += 100) {
      const many = Array.from({ length: 100 }, () => talkers.ask("greet", { name: "world" }));
      for (const answer of await Promise.all(many)) strictEqual(answer, "Hello, world!");
    }
    let items = 0;
    for await (const _ of talkers.stream("count", { to: 1_000 })) items++;
    strictEqual(items, 1_000);
    // a watch that ends by itself begins anew
    const others = record.slice(seen).filter(({ path }) => !/[?&]watch=/.test(path ?? ""));
    deepStrictEqual(others.map(({ action, method, path }) => `${action} ${method} ${path}`), []);

    await coordinator.stop();
    await started;
  },
});
