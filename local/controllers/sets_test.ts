/** Stateful and daemon sets with all controllers, on our own API server and on a real one. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { plainClusterConfig } from "../../kube/mod.ts";
import { ApiServer } from "../apiserver/mod.ts";
import {
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  NAMESPACES,
  NODES,
  PODS,
  STATEFUL_SETS,
  type StatefulSet,
  STORAGE_CLASSES,
  VOLUME_CLAIMS,
} from "../objects/mod.ts";
import { TestCluster, testOnEachServer } from "../objects/testdata/test_cluster.ts";
import { startScheduler } from "../scheduler/mod.ts";
import { type ControllersOptions, startControllers, startLocalPathProvisioner } from "./mod.ts";

async function control(
  cluster: TestCluster,
  options: ControllersOptions = {},
  writes: string[] = [],
) {
  const stack = new AsyncDisposableStack();
  const rest = cluster.transport(writes);
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

async function statefulSet(
  cluster: TestCluster,
  name: string,
  spec: Partial<StatefulSet["spec"]> = {},
): Promise<void> {
  await cluster.create({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    name,
    spec: {
      replicas: 2,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: cluster.template(name),
      ...spec,
    },
  }, STATEFUL_SETS);
}

async function daemonSet(cluster: TestCluster, name: string): Promise<void> {
  await cluster.create({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    name,
    spec: { selector: { matchLabels: { app: name } }, template: cluster.template(name) },
  }, DAEMON_SETS);
}

function isReady(cluster: TestCluster, name: string, replicas: number): boolean {
  const { metadata, status } = cluster.get(STATEFUL_SETS, name) ?? {};
  return status?.observedGeneration === metadata?.generation &&
    status?.readyReplicas === replicas && status?.replicas === replicas;
}

function isEverywhere(cluster: TestCluster, name: string, nodes: number): boolean {
  const { metadata, status } = cluster.get(DAEMON_SETS, name) ?? {};
  return status?.observedGeneration === metadata?.generation &&
    status?.numberAvailable === nodes && status?.desiredNumberScheduled === nodes;
}

const DATA = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

test("startControllers() runs stateful and daemon sets, and then rests", async (cluster) => {
  const first = await control(cluster);
  await cluster.node("a");
  await cluster.node("b");
  await statefulSet(cluster, "db", { volumeClaimTemplates: [DATA] });
  await daemonSet(cluster, "agent");
  await cluster.until("the stateful set ready", () => isReady(cluster, "db", 2));
  await cluster.until("the daemon set ready", () => isEverywhere(cluster, "agent", 2));
  deepStrictEqual(
    cluster.all(VOLUME_CLAIMS).map(({ metadata }) => metadata.name).sort(),
    ["data-db-0", "data-db-1"],
  );
  await cluster.patch(DAEMON_SETS, "agent", {
    spec: { template: cluster.template("agent", { image: "app:2" }) },
  });
  await cluster.until("the daemon set updated", () =>
    isEverywhere(cluster, "agent", 2) &&
    cluster.get(DAEMON_SETS, "agent")?.status?.updatedNumberScheduled === 2);
  await first.idle();
  await first[Symbol.asyncDispose]();

  // whoever starts anew finds nothing to do: all that they would write is written
  const writes: string[] = [];
  await using again = await control(cluster, {}, writes);
  await again.idle();
  // but it tells again what claims wait for, and in vain what a server before 1.22 does not keep
  const isKept = cluster.get(STATEFUL_SETS, "db")?.status?.availableReplicas !== undefined;
  const isWrite = (write: string) =>
    write.includes(cluster.namespace) && !write.includes("/events") &&
    (isKept || !write.endsWith("/statefulsets/db/status"));
  deepStrictEqual(writes.filter(isWrite), []);
});

test("a stateful set's pod on a lost node is replaced when it is gone, not before", async (cluster) => {
  let clock = 0;
  await using _control = await control(cluster, {
    monotonic: () => clock,
    nodeGracePeriod: 8_000,
    podEvictionTimeout: 0,
    orphanedPodGrace: 0,
  });
  const lost = await cluster.node("lost");
  await statefulSet(cluster, "db", { replicas: 1 });
  await cluster.until("ready", () => isReady(cluster, "db", 1));
  const before = cluster.get(PODS, "db-0")!;
  await lost.pause();
  const kept = await cluster.node("kept");
  clock += 9_000;
  await kept.beat();
  await cluster.patch(NODES, lost.name, { metadata: { labels: { looked: "at" } } });
  await cluster.until(
    "evicted",
    () => cluster.get(PODS, "db-0")?.metadata.deletionTimestamp !== undefined,
  );
  strictEqual(cluster.get(PODS, "db-0")?.metadata.uid, before.metadata.uid);
  strictEqual(cluster.all(PODS).length, 1);
  // the machine is known to be off: somebody removes its node, and with it go its pods
  await cluster.delete(NODES, lost.name);
  await cluster.until("replaced", () => {
    const pod = cluster.get(PODS, "db-0");
    return pod !== undefined && pod.metadata.uid !== before.metadata.uid &&
      pod.spec.nodeName === kept.name;
  });
});

test("daemon sets follow nodes that come, are tainted and go", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  await daemonSet(cluster, "agent");
  await cluster.until("on one node", () => isEverywhere(cluster, "agent", 1));
  const b = await cluster.node("b");
  await cluster.until("on two nodes", () => isEverywhere(cluster, "agent", 2));
  await b[Symbol.asyncDispose]();
  await cluster.until(
    "on one node again",
    () => isEverywhere(cluster, "agent", 1) && cluster.all(PODS).length === 1,
  );
});

test("sets are deleted with all that is theirs, or leave it as orphans", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  await statefulSet(cluster, "db", { volumeClaimTemplates: [DATA] });
  await statefulSet(cluster, "kept", { replicas: 1 });
  await daemonSet(cluster, "agent");
  await cluster.until("ready", () => isReady(cluster, "db", 2) && isReady(cluster, "kept", 1));
  await cluster.until("everywhere", () => isEverywhere(cluster, "agent", 1));
  await cluster.delete(STATEFUL_SETS, "db", "Foreground");
  await cluster.delete(DAEMON_SETS, "agent", "Background");
  await cluster.delete(STATEFUL_SETS, "kept", "Orphan");
  await cluster.until(
    "gone",
    () =>
      cluster.all(PODS).map(({ metadata }) => metadata.name).join() === "kept-0" &&
      cluster.all(CONTROLLER_REVISIONS).length === 1 && cluster.all(STATEFUL_SETS).length === 0,
  );
  strictEqual(cluster.all(VOLUME_CLAIMS).length, 2);
  const { uid, ownerReferences } = cluster.get(PODS, "kept-0")!.metadata;
  strictEqual(ownerReferences, undefined);

  // a set of the same name takes the orphans over, its revision too
  await statefulSet(cluster, "kept", { replicas: 1 });
  await cluster.until("adopted", () => isReady(cluster, "kept", 1));
  strictEqual(cluster.get(PODS, "kept-0")?.metadata.uid, uid);
  strictEqual(cluster.all(CONTROLLER_REVISIONS).length, 1);

  const { namespace } = cluster;
  await cluster.delete(NAMESPACES, namespace);
  await cluster.until(
    "the namespace gone",
    () =>
      !cluster.all(NAMESPACES).some(({ metadata }) => metadata.name === namespace) &&
      cluster.all(VOLUME_CLAIMS).length === 0,
  );
});

testOnEmbedded("claims go with their pod or their set if the policy says so", async (cluster) => {
  await using _control = await control(cluster);
  await cluster.node("a");
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: "Delete", whenScaled: "Delete" };
  await statefulSet(cluster, "db", {
    volumeClaimTemplates: [DATA],
    persistentVolumeClaimRetentionPolicy,
  });
  await cluster.until("ready", () => isReady(cluster, "db", 2));
  const before = cluster.get(VOLUME_CLAIMS, "data-db-1")!.metadata.uid;
  await cluster.patch(STATEFUL_SETS, "db", { spec: { replicas: 1 } });
  await cluster.until("one claim", () => cluster.all(VOLUME_CLAIMS).length === 1);
  await cluster.patch(STATEFUL_SETS, "db", { spec: { replicas: 2 } });
  await cluster.until("two pods", () => isReady(cluster, "db", 2));
  ok(cluster.get(VOLUME_CLAIMS, "data-db-1")!.metadata.uid !== before);
  await cluster.delete(STATEFUL_SETS, "db");
  await cluster.until("no claims", () => cluster.all(VOLUME_CLAIMS).length === 0);
});

testOnEmbedded("a claim whose class waits is bound when a pod has a node", async (cluster) => {
  const dir = await Deno.makeTempDir();
  await using _control = await control(cluster);
  await using _provisioner = await startLocalPathProvisioner(cluster.transport(), { dir });
  await cluster.client.write({
    verb: "create",
    kind: STORAGE_CLASSES,
    object: {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "late" },
      provisioner: "troupe.dev/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
    } as never,
  });
  const spec = { ...DATA.spec, storageClassName: "late" };
  await cluster.create(
    { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "late", spec },
    VOLUME_CLAIMS,
  );
  await cluster.create(
    { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "soon", spec: DATA.spec },
    VOLUME_CLAIMS,
  );
  const phaseOf = (name: string) => cluster.get(VOLUME_CLAIMS, name)?.status?.phase;
  await cluster.until("the other bound", () => phaseOf("soon") === "Bound");
  strictEqual(phaseOf("late"), "Pending");
  await cluster.node("a");
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "late" } }];
  await cluster.create({
    apiVersion: "v1",
    kind: "Pod",
    name: "user",
    spec: { ...cluster.podSpec(), volumes },
  }, PODS);
  await cluster.until("bound", () => phaseOf("late") === "Bound");
  await cluster.delete(VOLUME_CLAIMS, "late");
  await cluster.delete(PODS, "user");
  await cluster.until("released", () => cluster.all(VOLUME_CLAIMS).length === 1);
  await Deno.remove(dir, { recursive: true });
});

/** Registers a test of what an older real server does not know. */
function testOnEmbedded(name: string, body: (cluster: TestCluster) => Promise<void>): void {
  Deno.test(name, async () => {
    await using server = await ApiServer.start();
    await using cluster = await TestCluster.on(plainClusterConfig(server.url));
    await body(cluster);
  });
}
