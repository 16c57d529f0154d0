/** The controllers as a whole, on our own API server and on a real one. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiError, plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../apiserver/mod.ts";
import {
  conditionOf,
  controllerOf,
  DEPLOYMENTS,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
} from "../objects/mod.ts";
import {
  CONFIG_MAPS,
  type TestCluster,
  testOnEachServer,
} from "../objects/testdata/test_cluster.ts";
import { startScheduler } from "../scheduler/mod.ts";
import { type ControllersOptions, startControllers } from "./mod.ts";

interface Watching {
  /** Hears of each write. */
  writes?: string[];
  /** Hears of each request before it is sent, and may throw in its place. */
  before?: (request: { method: string; path: string }) => void;
}

/** Controllers and a scheduler for a test. */
async function control(
  cluster: TestCluster,
  options: ControllersOptions = {},
  { writes, before = () => {} }: Watching = {},
) {
  const stack = new AsyncDisposableStack();
  const transport = cluster.transport(writes);
  const rest = {
    // deno-lint-ignore no-explicit-any -- one implementation for all overloads
    async performRequest(request: any): Promise<any> {
      before(request);
      return await transport.performRequest(request);
    },
  };
  const controllers = stack.use(await startControllers(rest, options));
  const scheduler = stack.use(await startScheduler(rest));
  return {
    async idle() {
      await controllers.idle();
      await scheduler.idle();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function test(name: string, body: (cluster: TestCluster) => Promise<void>): void {
  testOnEachServer(name, body, () => ApiServer.start());
}

function isRolledOut(cluster: TestCluster, name: string): boolean {
  const { metadata, spec, status } = cluster.get(DEPLOYMENTS, name) ?? {};
  return status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === spec?.replicas && status?.replicas === spec?.replicas &&
    status?.availableReplicas === spec?.replicas;
}

function images(cluster: TestCluster): string[] {
  return cluster.living(PODS).map(({ spec }) => spec.containers[0]?.image ?? "").sort();
}

test("startControllers() rolls a deployment out, on and back, and then rests", async (cluster) => {
  await using control1 = await control(cluster);
  await cluster.node("a");
  await cluster.deployment("web");
  await cluster.until(
    "rolled out",
    () => isRolledOut(cluster, "web") && images(cluster).join() === "app:1,app:1,app:1",
  );

  await cluster.patch(DEPLOYMENTS, "web", {
    spec: { template: cluster.template("web", { image: "app:2" }) },
  });
  await cluster.until(
    "rolled on",
    () => isRolledOut(cluster, "web") && images(cluster).every((image) => image === "app:2"),
  );

  await cluster.patch(DEPLOYMENTS, "web", {
    spec: { template: cluster.template("web", { image: "app:1" }) },
  });
  await cluster.until(
    "rolled back",
    () => isRolledOut(cluster, "web") && images(cluster).every((image) => image === "app:1"),
  );
  const revisions = cluster.all(REPLICA_SETS)
    .map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"]).sort();
  deepStrictEqual(revisions, ["2", "3"]);

  await cluster.patch(DEPLOYMENTS, "web", { spec: { replicas: 1 } });
  await cluster.until(
    "scaled down",
    () => isRolledOut(cluster, "web") && cluster.all(PODS).length === 1,
  );
  await control1.idle();
  await control1[Symbol.asyncDispose]();

  // whoever starts anew finds nothing to do: all that they would write is written
  const writes: string[] = [];
  await using again = await control(cluster, {}, { writes });
  await again.idle();
  deepStrictEqual(writes.filter((write) => write.includes(cluster.namespace)), []);
});

test("startControllers() takes another name when that of a replica set is taken", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  await cluster.deployment("web");
  await cluster.until("rolled out", () => isRolledOut(cluster, "web"));
  const name = cluster.all(REPLICA_SETS)[0]!.metadata.name;
  await cluster.delete(DEPLOYMENTS, "web", "Foreground");
  await cluster.until(
    "gone",
    () => !cluster.get(DEPLOYMENTS, "web") && cluster.all(REPLICA_SETS).length === 0,
  );

  const selector = { matchLabels: { app: "other" } };
  await cluster.create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name,
    spec: { replicas: 0, selector, template: cluster.template("other") },
  }, REPLICA_SETS);
  await cluster.deployment("web");
  await cluster.until("rolled out again", () => isRolledOut(cluster, "web"));
  strictEqual(cluster.get(DEPLOYMENTS, "web")?.status?.collisionCount, 1);
  strictEqual(cluster.all(REPLICA_SETS).length, 2);
});

test("startControllers() replaces pods that fail or vanish, adopts and releases", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  await cluster.until("service account", () => cluster.all(SERVICE_ACCOUNTS).length === 1);
  const labels = { app: "web" };
  await cluster.create(
    {
      apiVersion: "v1",
      kind: "Pod",
      name: "adoptee",
      metadata: { labels },
      spec: cluster.podSpec(),
    },
    PODS,
  );
  await cluster.create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "web",
    spec: { replicas: 2, selector: { matchLabels: labels }, template: cluster.template("web") },
  }, REPLICA_SETS);
  const available = () => cluster.get(REPLICA_SETS, "web")?.status?.availableReplicas;
  await cluster.until("two available", () => available() === 2 && cluster.all(PODS).length === 2);
  const owned = () => cluster.living(PODS).filter((pod) => controllerOf(pod)?.name === "web");
  ok(owned().some(({ metadata }) => metadata.name === "adoptee"));

  await cluster.patch(PODS, "adoptee", { metadata: { labels: { app: "released" } } });
  await cluster.until(
    "released and replaced",
    () => owned().length === 2 && controllerOf(cluster.get(PODS, "adoptee")!) === undefined,
  );

  const [victim, other] = owned();
  await cluster.delete(PODS, victim!.metadata.name);
  await cluster.patch(PODS, other!.metadata.name, { status: { phase: "Failed" } }, {
    subresource: "status",
  });
  await cluster.until(
    "replaced",
    () =>
      available() === 2 && owned().filter(({ status }) => status?.phase === "Running").length === 2,
  );
});

test("startControllers() deletes dependents behind, before or not at all", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  const ready = () => isRolledOut(cluster, "web");
  await cluster.deployment("web");
  await cluster.until("rolled out", ready);
  await cluster.delete(DEPLOYMENTS, "web", "Background");
  await cluster.until(
    "all gone",
    () => cluster.all(REPLICA_SETS).length === 0 && cluster.all(PODS).length === 0,
  );

  await cluster.deployment("web");
  await cluster.until("rolled out again", ready);
  await cluster.delete(DEPLOYMENTS, "web", "Foreground");
  await cluster.until("the deployment gone", () => !cluster.get(DEPLOYMENTS, "web"));
  // asked of the server itself: the watches of two kinds may be apart
  deepStrictEqual(await cluster.client.list(REPLICA_SETS, cluster), []);

  await cluster.deployment("web");
  await cluster.until("rolled out once more", ready);
  await cluster.delete(DEPLOYMENTS, "web", "Orphan");
  await cluster.until(
    "orphaned",
    () =>
      !cluster.get(DEPLOYMENTS, "web") &&
      cluster.all(REPLICA_SETS).every((set) => !controllerOf(set)),
  );
  strictEqual(cluster.living(PODS).length, 3);
  await cluster.deployment("web");
  await cluster.until("adopted", ready);
  strictEqual(cluster.all(REPLICA_SETS).length, 1);
});

test("startControllers() collects what refers to an owner that never was", async (cluster) => {
  await using _control = await control(cluster);
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "never", uid: "no-such-uid" };
  await cluster.create({
    apiVersion: "v1",
    kind: "ConfigMap",
    name: "lost",
    metadata: { ownerReferences: [owner] },
  }, CONFIG_MAPS);
  await cluster.create({ apiVersion: "v1", kind: "ConfigMap", name: "free" }, CONFIG_MAPS);
  await cluster.until("collected", () => !cluster.get(CONFIG_MAPS, "lost"));
  ok(cluster.get(CONFIG_MAPS, "free"));
});

test("startControllers() empties a namespace before it goes", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  await cluster.deployment("web");
  await cluster.create({ apiVersion: "v1", kind: "ConfigMap", name: "any" }, CONFIG_MAPS);
  await cluster.until(
    "rolled out",
    () => isRolledOut(cluster, "web") && cluster.get(SERVICE_ACCOUNTS, "default") !== undefined,
  );
  await cluster.delete(NAMESPACES, cluster.namespace);
  await cluster.until("gone", () => !cluster.get(NAMESPACES, cluster.namespace));
  await cluster.until(
    "empty",
    () =>
      [PODS, REPLICA_SETS, DEPLOYMENTS, SERVICE_ACCOUNTS, CONFIG_MAPS]
        .every((kind) => cluster.all(kind).length === 0),
  );
});

test("startControllers() moves pods from a silent node, and takes it back", async (cluster) => {
  let clock = 0;
  await using _control = await control(cluster, {
    monotonic: () => clock,
    nodeGracePeriod: 8000,
    podEvictionTimeout: 0,
  });
  const [lost, kept] = [await cluster.node("lost"), await cluster.node("kept")];
  await cluster.deployment("web", { replicas: 4 });
  const on = (name: string) => cluster.living(PODS).filter(({ spec }) => spec.nodeName === name);
  await cluster.until(
    "rolled out",
    () => isRolledOut(cluster, "web") && on(lost.name).length + on(kept.name).length === 4,
  );
  ok(on(lost.name).length > 0);
  await lost.pause();
  const stuck = on(lost.name).map(({ metadata }) => metadata.name).sort();

  clock += 9000;
  await kept.beat();
  await cluster.patch(NODES, lost.name, { metadata: { labels: { looked: "at" } } });
  const ready = () => conditionOf(cluster.get(NODES, lost.name)?.status?.conditions, "Ready");
  await cluster.until("unknown", () => ready()?.status === "Unknown");
  await cluster.until("moved", () => on(kept.name).length === 4 && isRolledOut(cluster, "web"));
  const { spec } = await cluster.client.get(NODES, lost);
  deepStrictEqual(
    spec?.taints?.map(({ key, effect }) => `${key}:${effect}`).sort(),
    ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"],
  );
  // nobody confirms their end, so they stay
  const leaving = () => cluster.all(PODS).filter(({ metadata }) => metadata.deletionTimestamp);
  deepStrictEqual(leaving().map(({ metadata }) => metadata.name).sort(), stuck);
  await cluster.until(
    "marked",
    () =>
      leaving().every(({ status }) =>
        conditionOf(status?.conditions, "Ready")?.status === "False" &&
        conditionOf(status?.conditions, "DisruptionTarget")?.status === "True"
      ),
  );

  await lost.beat();
  await lost.resume();
  await cluster.until(
    "taken back",
    () => ready()?.status === "True" && !cluster.get(NODES, lost.name)?.spec?.taints?.length,
  );
  await cluster.until("cleaned up", () => cluster.all(PODS).length === 4);
});

test("startControllers() removes the pods of a node that was deleted", async (cluster) => {
  await using _control = await control(cluster, { orphanedPodGrace: 10 });
  const [gone, kept] = [await cluster.node("gone"), await cluster.node("kept")];
  await cluster.deployment("web", { replicas: 4 });
  await cluster.until("rolled out", () => isRolledOut(cluster, "web"));
  await gone.pause();
  await cluster.delete(NODES, gone.name);
  await cluster.until("all elsewhere", () =>
    isRolledOut(cluster, "web") &&
    cluster.all(PODS).every(({ spec }) => spec.nodeName === kept.name));
});

test("startControllers() says why pods cannot be made, and makes them when it can", async (cluster) => {
  let refused = 0;
  let refuses = true;
  await using _control = await control(cluster, {}, {
    before({ method, path }) {
      const isMine = path === `/api/v1/namespaces/${cluster.namespace}/pods`;
      if (method !== "POST" || !isMine || !refuses) return;
      refused++;
      throw new ApiError("quota is used up", { httpCode: 403, verb: "create", resource: "pods" });
    },
  });
  await cluster.node("a");
  await cluster.deployment("web", { replicas: 50 });
  const failure = () =>
    conditionOf(cluster.get(DEPLOYMENTS, "web")?.status?.conditions, "ReplicaFailure");
  await cluster.until("a failure that can be seen", () => failure()?.status === "True");
  strictEqual(failure()?.reason, "FailedCreate");
  strictEqual(failure()?.message, "Error creating: quota is used up");
  ok(refused < 10, `${refused} attempts for 50 pods`);
  refuses = false;
  await cluster.until("rolled out", () => isRolledOut(cluster, "web"));
  await cluster.until("no failure any more", () => failure() === undefined);
});

Deno.test("startControllers() gives up when its signal aborts, and leaves nothing open", async () => {
  await using server = await ApiServer.start();
  await using transport = new Transport(plainClusterConfig(server.url));
  const reason = new Error("enough");
  await rejects(startControllers(transport, { signal: AbortSignal.abort(reason) }), reason);
  const stop = new AbortController();
  const controllers = await startControllers(transport, { signal: stop.signal });
  stop.abort(reason);
  await controllers.close();
});
