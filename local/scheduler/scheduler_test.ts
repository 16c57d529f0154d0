/** The scheduler as a whole, on our own API server and on a real one. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ApiServer } from "../apiserver/mod.ts";
import {
  conditionOf,
  NAMESPACES,
  ObjectClient,
  type Pod,
  PODS,
  SERVICE_ACCOUNTS,
} from "../objects/mod.ts";
import { type TestCluster, testOnEachServer } from "../objects/testdata/test_cluster.ts";
import { startScheduler } from "./mod.ts";

function test(name: string, body: (cluster: TestCluster) => Promise<void>): void {
  testOnEachServer(name, async (cluster) => {
    // what a controller would do; a real server refuses pods without it
    await cluster.create(
      { apiVersion: "v1", kind: "ServiceAccount", name: "default" },
      SERVICE_ACCOUNTS,
    ).catch(() => {});
    await body(cluster);
  }, () => ApiServer.start());
}

async function createPod(cluster: TestCluster, name: string, more: object = {}): Promise<void> {
  const spec = { ...cluster.podSpec(), ...more };
  await cluster.create({ apiVersion: "v1", kind: "Pod", name, spec }, PODS);
}

function requesting(cpu: string): object {
  return { containers: [{ name: "main", image: "app:1", resources: { requests: { cpu } } }] };
}

function placed(cluster: TestCluster): Pod[] {
  return cluster.all(PODS).filter(({ spec }) => spec.nodeName !== undefined);
}

function refusal(pod: Pod | undefined): string | undefined {
  const condition = conditionOf(pod?.status?.conditions, "PodScheduled");
  return condition?.status === "False" ? condition.message : undefined;
}

test("startScheduler() gives no room away twice, and says what is missing", async (cluster) => {
  await cluster.node("a", { cpu: "1" });
  await cluster.node("b", { cpu: "1" });
  for (let i = 0; i < 10; i++) await createPod(cluster, `p${i}`, requesting("250m"));
  await using _scheduler = await startScheduler(cluster.transport());
  const waiting = () => cluster.all(PODS).filter((pod) => refusal(pod) !== undefined);
  await cluster.until("all tried", () => placed(cluster).length + waiting().length === 10);
  const byNode = Map.groupBy(placed(cluster), ({ spec }) => spec.nodeName);
  deepStrictEqual([...byNode.values()].map((pods) => pods.length), [4, 4]);
  match(refusal(waiting()[0]) ?? "", /^0\/\d+ nodes are available: .*\b2 Insufficient cpu/);

  await cluster.node("c", { cpu: "1" });
  await cluster.until("all placed on the new node", () => placed(cluster).length === 10);
});

test("startScheduler() tries again when a pod has gone", async (cluster) => {
  await cluster.node("a", { cpu: "1" });
  await using _scheduler = await startScheduler(cluster.transport());
  await createPod(cluster, "first", requesting("1"));
  await cluster.until("first placed", () => placed(cluster).length === 1);
  await createPod(cluster, "second", requesting("1"));
  await cluster.until("second refused", () => refusal(cluster.get(PODS, "second")) !== undefined);
  await cluster.delete(PODS, "first");
  await cluster.until(
    "second placed",
    () => cluster.get(PODS, "second")?.spec.nodeName !== undefined,
  );
});

test("startScheduler() leaves alone what is not its own, and writes nothing twice", async (cluster) => {
  await createPod(cluster, "foreign", { schedulerName: "other" });
  await createPod(cluster, "impossible", { nodeSelector: { no: cluster.namespace } });
  const writes: string[] = [];
  await using scheduler = await startScheduler(cluster.transport(writes));
  await cluster.until("refused", () => refusal(cluster.get(PODS, "impossible")) !== undefined);
  await scheduler.idle();
  const mine = writes.filter((write) => write.includes(cluster.namespace));
  deepStrictEqual(mine, [
    `update /api/v1/namespaces/${cluster.namespace}/pods/impossible/status`,
    `create /api/v1/namespaces/${cluster.namespace}/events`,
  ]);

  const more: string[] = [];
  await using again = await startScheduler(cluster.transport(more));
  await again.idle();
  deepStrictEqual(more.filter((write) => write.includes(cluster.namespace)), []);
  strictEqual(cluster.get(PODS, "foreign")?.spec.nodeName, undefined);
});

test("startScheduler() accepts that someone else was faster", async (cluster) => {
  const node = await cluster.node("a");
  await createPod(cluster, "p");
  const rest = cluster.transport();
  let bound = false;
  await using scheduler = await startScheduler({
    // deno-lint-ignore no-explicit-any -- one implementation for all overloads
    async performRequest(request: any): Promise<any> {
      if (request.path.endsWith(`${cluster.namespace}/pods/p/binding`) && !bound) {
        bound = true;
        await new ObjectClient(rest).post(PODS, { namespace: cluster.namespace, name: "p" }, {
          subresource: "binding",
          body: request.bodyJson,
        });
      }
      return await rest.performRequest(request);
    },
  });
  await cluster.until("placed", () => cluster.get(PODS, "p")?.spec.nodeName === node.name);
  await scheduler.idle();
});

test("startScheduler() ends at once in the middle of its work", async (cluster) => {
  await cluster.node("a");
  for (let i = 0; i < 20; i++) await createPod(cluster, `p${i}`);
  const scheduler = await startScheduler(cluster.transport());
  await scheduler.close();
  await cluster.delete(NAMESPACES, cluster.namespace);
});
