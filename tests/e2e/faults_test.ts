// What a coordinator promises while the network and the API server fail.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator, type PodEvent } from "../../coordinator/mod.ts";
import type { FaultPlan, FaultRecord } from "../../testing/mod.ts";
import { REAL, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { greeterImages, WORKER_IMAGE } from "../support/greeter.ts";
import { startProxied } from "../support/proxied.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 90_000;

/** The program that started the real control plane, and its folder: what can kill and revive it. */
const tool = Deno.env.get("TROUPE_TEST_CONTROL_PLANE") ?? "";
const dir = Deno.env.get("TROUPE_TEST_CONTROL_PLANE_DIR") ?? "";
const CAN_KILL = REAL && tool !== "" && dir !== "";
const WORKER = { name: "worker", image: WORKER_IMAGE, port: 8086 } as const;

/** The default request budget of a transport: a second may see its burst and a second's refill. */
const BUDGET = { perSecond: 20, burst: 40 };

function stormyPlan(seed: number): FaultPlan {
  const watch = /[?&]watch=/;
  return {
    seed,
    rules: [
      { fault: "cut", path: watch, probability: 0.3, afterBytes: [0, 6_000] },
      { fault: "halfClose", path: watch, probability: 0.15, afterMs: [0, 800] },
      { fault: "cut", path: watch, probability: 0.4, afterMs: [100, 1_500] },
      { fault: "status", code: 429, retryAfterSeconds: 1, probability: 0.05, limit: 4 },
      { fault: "status", code: 503, method: "GET", probability: 0.05, limit: 6 },
      { fault: "status", code: 409, method: "PATCH", probability: 0.2, limit: 3 },
      { fault: "delay", probability: 0.2, ms: [10, 200] },
    ],
  };
}

for (const seed of [1, 2]) {
  Deno.test(`no pod's last state or deletion is missed in a storm of faults, seed ${seed}`, async () => {
    await using cluster = await startTestCluster({ images: greeterImages(), nodes: 2 });
    await using proxied = await startProxied(cluster, { plan: stormyPlan(seed) });
    await using coordinator = await Coordinator.create({
      name: "stormy",
      namespace: cluster.namespace,
      kubeconfig: proxied.kubeconfig,
    });
    const seen = new Map<string, PodEvent>();
    coordinator.onError(() => {}); // each failed attempt is told; what counts is the outcome
    coordinator.onPodEvent((e) => void seen.set(e.uid, e));
    const started = coordinator.start();

    const workload = await coordinator.run({ ...WORKER, replicas: 3 });
    await workload.ready({ timeout: TIMEOUT });
    await workload.scale(1);
    await until("one pod", async () => (await podUids(cluster)).length === 1, { timeout: TIMEOUT });
    await workload.scale(3);
    await workload.ready({ timeout: TIMEOUT });
    const [victim] = await podNames(cluster);
    await new CoreV1Api(cluster.admin).namespace(cluster.namespace).deletePod(victim!);
    await until("the pod to be replaced", async () => {
      const names = await podNames(cluster);
      return names.length === 3 && !names.includes(victim!);
    }, { timeout: TIMEOUT });

    await until("handlers to know just the pods that are there", async () => {
      const alive = [...seen.values()].filter((e) => e.type !== "deleted").map((e) => e.uid);
      return same(alive, await podUids(cluster));
    }, { timeout: TIMEOUT });
    await workload.delete();
    await until(
      "every pod's deletion",
      () => [...seen.values()].every((e) => e.type === "deleted"),
      { timeout: TIMEOUT },
    );

    const struck = proxied.proxy.record.filter((r) => !["open", "pass"].includes(r.action));
    ok(struck.length > 5, `the plan struck only ${struck.length} times`);
    assertWithinBudget(proxied.proxy.record);
    await coordinator.stop();
    await started;
  });
}

Deno.test("an outage of the API server is survived: recovers by itself, misses no deletion, keeps its budget", async () => {
  await using cluster = await startTestCluster({ images: greeterImages() });
  await using proxied = await startProxied(cluster);
  await using coordinator = await Coordinator.create({
    name: "outage",
    namespace: cluster.namespace,
    kubeconfig: proxied.kubeconfig,
  });
  const events: PodEvent[] = [];
  const states: string[] = [];
  coordinator.onError(() => {});
  coordinator.onPodEvent((e) => void events.push(e));
  coordinator.onCoordinatorEvent((e) => void states.push(e.type));
  const workload = await coordinator.run({ ...WORKER, replicas: 2 });
  const started = coordinator.start();
  await workload.ready({ timeout: TIMEOUT });
  const [lost] = await workload.pods();

  proxied.proxy.refuse(true);
  proxied.proxy.cut();
  await killAndReviveControlPlane();
  await new CoreV1Api(cluster.admin).namespace(cluster.namespace).deletePod(lost!.name, {
    gracePeriodSeconds: 0,
  });
  await until("the pod to be replaced", async () => {
    const names = await podNames(cluster);
    return names.length === 2 && !names.includes(lost!.name);
  }, { timeout: TIMEOUT });
  ok(!events.some((e) => e.type === "deleted"));
  await until("the coordinator to notice", () => states.includes("disconnected"));
  proxied.proxy.refuse(false);

  const deletion = await until(
    "the deletion that happened meanwhile",
    () => events.find((e) => e.type === "deleted" && e.uid === lost!.uid),
    { timeout: TIMEOUT },
  );
  strictEqual(deletion.name, lost!.name);
  await workload.ready({ timeout: TIMEOUT });
  await until(
    "the coordinator to be synced again",
    () => states.lastIndexOf("synced") > states.lastIndexOf("disconnected"),
    { timeout: TIMEOUT },
  );
  assertWithinBudget(proxied.proxy.record);
  await coordinator.stop();
  await started;
  deepStrictEqual(states.at(-1), "stopped");
});

Deno.test({
  name:
    "kill -9 of etcd and the API server is survived by a supervisor that talks straight to them",
  ignore: !CAN_KILL,
  async fn() {
    await using cluster = await startTestCluster({ images: greeterImages() });
    await using coordinator = await Coordinator.create({
      name: "survivor",
      namespace: cluster.namespace,
      kubeconfig: cluster.kubeconfig,
    });
    const running = new Set<string>();
    const states: string[] = [];
    coordinator.onError(() => {});
    coordinator.onCoordinatorEvent((e) => void states.push(e.type));
    coordinator.onPodEvent((e) => {
      if (e.running) running.add(e.uid);
      if (e.type === "deleted") running.delete(e.uid);
    });
    const workload = await coordinator.run({ ...WORKER, replicas: 2 });
    const started = coordinator.start();
    await workload.ready({ timeout: TIMEOUT });
    const before = (await workload.pods()).map((pod) => pod.uid);
    await killAndReviveControlPlane();
    await until("the outage to be noticed", () => states.includes("disconnected"));
    await until(
      "the coordinator to be synced again",
      () => states.lastIndexOf("synced") > states.lastIndexOf("disconnected"),
      { timeout: TIMEOUT },
    );
    await workload.scale(3);
    await until("a third worker", () => running.size === 3, { timeout: TIMEOUT });
    ok(before.every((uid) => running.has(uid)), "a worker was replaced");
    await workload.delete();
    await until("every deletion", () => running.size === 0, { timeout: TIMEOUT });
    await coordinator.stop();
    await started;
  },
});

/** With the tool that started the real control plane: kill -9 its API server and etcd, and revive them. */
async function killAndReviveControlPlane(): Promise<void> {
  if (!CAN_KILL) return;
  for (
    const args of [
      ["kill", dir, "etcd"],
      ["kill", dir, "kube-apiserver"],
      ["revive", dir, "etcd"],
      ["revive", dir, "kube-apiserver"],
    ]
  ) {
    const { success, stderr } = await new Deno.Command(tool, { args }).output();
    if (!success) throw new Error(`Cannot ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

async function pods(cluster: TestCluster) {
  const list = await new CoreV1Api(cluster.admin).namespace(cluster.namespace).getPodList({
    labelSelector: "troupe.dev/workload=worker",
  });
  return list.items.map((pod) => pod.metadata!);
}

async function podNames(cluster: TestCluster): Promise<string[]> {
  return (await pods(cluster)).map((metadata) => metadata.name!);
}

async function podUids(cluster: TestCluster): Promise<string[]> {
  return (await pods(cluster)).map((metadata) => metadata.uid!);
}

function same(a: string[], b: string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}

/** No window of one second saw more attempts than the budget allows. */
function assertWithinBudget(record: readonly FaultRecord[]): void {
  const times = record.filter((r) => r.action === "open").map((r) => r.at);
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (time - times[first]! > 1_000) first++;
    const count = last - first + 1;
    ok(count <= BUDGET.burst + BUDGET.perSecond, `${count} requests within one second`);
  }
}
