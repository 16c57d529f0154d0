// What a handler hears of a cluster whose connection is cut again and again keeps its promises.
import { ok } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { plainClusterConfig, PODS, Reflector, Transport } from "../../kube/mod.ts";
import { LocalCluster } from "../../local/mod.ts";
import { FaultProxy, StreamValidator } from "../../testing/mod.ts";
import { Coordinator } from "../mod.ts";
import { podState } from "./pod_state.ts";

Deno.test("what a handler of pods hears keeps the promises of a watch while connections are cut", async () => {
  await using cluster = await LocalCluster.start({ images: { "w:1": [] }, runtime: "simulated" });
  await using proxy = await FaultProxy.start({
    target: cluster.url,
    plan: {
      seed: 3,
      rules: [{ fault: "cut", path: /watch=1/, afterMs: [20, 150] }],
    },
  });
  await using client = new Transport(plainClusterConfig(cluster.url));
  const validator = new StreamValidator<Pod>({
    visible: (pod) => ({ ...podState(pod), source: undefined }),
  });
  await using plain = new Reflector(client, PODS, { namespace: "default" });
  const recordedAll = Promise.withResolvers<void>();
  let isDeleted = false;
  const look = (): void => {
    if (isDeleted && plain.store.size === 0) recordedAll.resolve();
  };
  plain.onChange(({ type, object }) => {
    validator.record(type, object);
    look();
  });
  plain.start();
  await plain.synced();
  await using coordinator = await Coordinator.create({
    name: "boss",
    config: plainClusterConfig(proxy.url),
    watch: { minBackoff: 1, maxBackoff: 5 },
  });
  coordinator.onError(() => {}); // each cut is told
  let interruptions = 0;
  coordinator.onCoordinatorEvent((e) => {
    if (e.type !== "disconnected") return;
    interruptions++;
    validator.resumed();
  });
  coordinator.onPodEvent((e) => validator.hear(e));
  const started = coordinator.start();
  const workload = await coordinator.run({ name: "w", image: "w:1", replicas: 5 });
  for (const replicas of [8, 3, 10, 0, 6]) {
    await workload.scale(replicas);
    await workload.ready({ timeout: 60_000 });
  }
  await workload.delete({ timeout: 60_000 });
  isDeleted = true;
  look();
  await coordinator.stop();
  await started;
  await recordedAll.promise;
  ok(interruptions > 0, "nothing was cut");
  ok(validator.recorded.length > 50);
  validator.assertValid();
});
