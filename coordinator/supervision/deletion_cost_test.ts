import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { ObjectApi, plainClusterConfig, PODS, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { DELETION_COST, planDeletionCosts, prepareScaleDown } from "./deletion_cost.ts";
import { nodeLossTolerations } from "./node_loss.ts";

/** A ready pod that is so many seconds old. */
function worker(name: string, age: number, cost?: number, ready = true): Pod {
  return {
    metadata: {
      name,
      creationTimestamp: new Date(1e12 - age * 1000),
      annotations: cost === undefined ? {} : { [DELETION_COST]: String(cost) },
    },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

function plan(pods: Pod[], keep: number, idle: string[] = []): string[] {
  return planDeletionCosts(pods, { keep, idle: ({ metadata }) => idle.includes(metadata!.name!) })
    .map(({ pod, cost }) => `${pod.metadata!.name}=${cost}`);
}

Deno.test("planDeletionCosts() lets idle workers go first, then the youngest", () => {
  const pods = [worker("a", 40), worker("b", 30), worker("c", 20), worker("d", 10)];
  deepStrictEqual(plan(pods, 2), ["d=-1", "c=-1"]);
  deepStrictEqual(plan(pods, 2, ["a"]), ["a=-1", "d=-1"]);
  deepStrictEqual(plan(pods, 3, ["a", "b"]), ["b=-1"]);
});

Deno.test("planDeletionCosts() writes only what must differ", () => {
  const pods = [worker("a", 40), worker("b", 30, -1), worker("c", 20, -5)];
  deepStrictEqual(plan(pods, 2), []); // c is the cheapest already
  deepStrictEqual(plan(pods, 1), []); // and b the next
  deepStrictEqual(plan(pods, 2, ["a"]), ["a=-6"]);
  deepStrictEqual(plan(pods, 3), []);
  deepStrictEqual(plan(pods, 0), []);
  deepStrictEqual(plan([worker("a", 40, -(2 ** 31)), worker("b", 1)], 1), ["a=0", "b=-1"]);
});

Deno.test("planDeletionCosts() passes over workers that Kubernetes takes before all others", () => {
  const ending = worker("e", 5);
  ending.metadata!.deletionTimestamp = new Date();
  const pods = [worker("a", 40), worker("b", 30), worker("n", 90, undefined, false), ending];
  deepStrictEqual(plan(pods, 2), []);
  deepStrictEqual(plan(pods, 1), ["b=-1"]);
});

Deno.test("prepareScaleDown() writes to the pod that was meant, changed or not, and to no other", async () => {
  await using server = await ApiServer.start();
  await using client = new Transport(plainClusterConfig(server.url));
  await new CoreV1Api(client).createNamespace({ metadata: { name: "team" } });
  const api = new ObjectApi(client, PODS, "team");
  const options = { fieldManager: "troupe/boss", signal: AbortSignal.timeout(60_000) };
  const { status } = worker("any", 1);
  const pods = await Promise.all(["a", "b", "c"].map(async (name) => {
    await api.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [{ name: "worker", image: "w:1" }] },
    }, options);
    await new CoreV1Api(client).namespace("team").patchPodStatus(name, "json-merge", { status });
    return (await api.get(name))!;
  }));
  const labels = { seen: "1" };
  await api.merge(pods[0]!, { metadata: { labels } }, options); // the copy is stale now
  await api.delete("b", { grace: 0 });
  const idle = ({ metadata }: Pod) => Promise.resolve(metadata!.name !== "c");
  await prepareScaleDown(pods, { ...options, client, namespace: "team", keep: 1, idle });
  strictEqual((await api.get("a"))!.metadata!.annotations![DELETION_COST], "-1");
  strictEqual(await api.get("b"), undefined);
  strictEqual((await api.get("c"))!.metadata!.annotations?.[DELETION_COST], undefined);
});

Deno.test("nodeLossTolerations() lets a pod leave a lost node after whole seconds", () => {
  deepStrictEqual(nodeLossTolerations(1_500).map((one) => [one.key, one.tolerationSeconds]), [
    ["node.kubernetes.io/not-ready", 2],
    ["node.kubernetes.io/unreachable", 2],
  ]);
});
