// The same scenarios on the embedded cluster and, with TROUPE_TEST_CLUSTER=1, on a real control
// plane: what is expected here is what both of them do. Only what both know is looked at: 1.20 has
// neither the index label nor a retention policy.
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { AppsV1Api, type StatefulSet } from "@cloudydeno/kubernetes-apis/apps/v1";
import { toQuantity } from "@cloudydeno/kubernetes-apis/common.ts";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { OWN_NODES, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { greeterImages, WORKER_IMAGE } from "../support/greeter.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 90_000;

/** Tells the pods' template apart, as the image is always the same. */
function template(app: string, version: string) {
  const env = [
    { name: "VERSION", value: version },
    // as processes the pods of a node share its ports: each binds to its own address
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
  ];
  return {
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [{ name: "main", image: WORKER_IMAGE, env }],
    },
  };
}

function api(cluster: TestCluster) {
  const { admin, namespace } = cluster;
  const core = new CoreV1Api(admin).namespace(namespace);
  const apps = new AppsV1Api(admin).namespace(namespace);
  const podsOf = async (app: string) => {
    const { items } = await core.getPodList({ labelSelector: `app=${app}` });
    return items.sort((a, b) => a.metadata!.name! < b.metadata!.name! ? -1 : 1);
  };
  /** Revisions of a set: number → hash, or name. */
  const revisionsOf = async (set: string) => {
    const { items } = await apps.getControllerRevisionList();
    const owned = items.filter(({ metadata }) => metadata?.ownerReferences?.[0]?.name === set);
    return new Map(owned.map(({ metadata, revision }) => [metadata!.name!, revision]));
  };
  return { core, apps, podsOf, revisionsOf };
}

function versionOf(pod: Pod): string {
  return pod.spec!.containers[0]!.env!.find(({ name }) => name === "VERSION")!.value!;
}

function isSettled(set: StatefulSet, pods: readonly Pod[]): boolean {
  const { status, spec, metadata } = set;
  return status?.observedGeneration === metadata?.generation &&
    (status?.readyReplicas ?? 0) === spec?.replicas && pods.length === spec?.replicas;
}

Deno.test("a stateful set is made, scaled, updated, rolled back and deleted as on a real cluster", async () => {
  await using cluster = await startTestCluster({ images: greeterImages(), nodes: 2 });
  const { core, apps, podsOf, revisionsOf } = api(cluster);

  /** What there is once the set has come to rest in the state that `isThere` tells. */
  async function outcome(isThere: (set: StatefulSet, pods: Pod[]) => boolean) {
    const { set, pods } = await until("the stateful set at rest", async () => {
      const [set, pods] = [await apps.getStatefulSet("db"), await podsOf("db")];
      return isSettled(set, pods) && isThere(set, pods) && { set, pods };
    }, { timeout: TIMEOUT });
    const revisions = await revisionsOf("db");
    const { status } = set;
    return {
      pods: pods.map((pod) => {
        const { name, labels } = pod.metadata!;
        strictEqual(labels!["statefulset.kubernetes.io/pod-name"], name);
        strictEqual(pod.spec!.hostname, name);
        strictEqual(pod.spec!.subdomain, "db");
        return `${name} v${versionOf(pod)} r${revisions.get(labels!["controller-revision-hash"]!)}`;
      }),
      status: {
        replicas: status!.replicas,
        ready: status!.readyReplicas ?? 0,
        current: status!.currentReplicas ?? 0,
        updated: status!.updatedReplicas ?? 0,
        currentRevision: revisions.get(status!.currentRevision!),
        updateRevision: revisions.get(status!.updateRevision!),
      },
      revisions: [...revisions.values()].sort(),
    };
  }

  const rolling = (partition: number) => ({ type: "RollingUpdate", rollingUpdate: { partition } });
  const fixed = { serviceName: "db", selector: { matchLabels: { app: "db" } } };
  async function change(spec: object): Promise<void> {
    await apps.patchStatefulSet("db", "json-merge", {
      spec: { ...fixed, template: {}, ...spec },
    });
  }
  await apps.createStatefulSet({
    metadata: { name: "db" },
    spec: {
      ...fixed,
      replicas: 2,
      template: template("db", "1"),
      updateStrategy: rolling(0),
    },
  });
  deepStrictEqual(await outcome(() => true), {
    pods: ["db-0 v1 r1", "db-1 v1 r1"],
    status: {
      replicas: 2,
      ready: 2,
      current: 2,
      updated: 2,
      currentRevision: 1,
      updateRevision: 1,
    },
    revisions: [1],
  });
  const [first, second] = await podsOf("db");
  const readyAt = first!.status!.conditions!.find(({ type }) => type === "Ready")!;
  ok(readyAt.lastTransitionTime! <= second!.metadata!.creationTimestamp!);

  // up, and only the upper half updated
  await change({ replicas: 3, updateStrategy: rolling(2), template: template("db", "2") });
  deepStrictEqual(
    await outcome((_, pods) => pods.length === 3 && versionOf(pods[2]!) === "2"),
    {
      pods: ["db-0 v1 r1", "db-1 v1 r1", "db-2 v2 r2"],
      status: {
        replicas: 3,
        ready: 3,
        current: 2,
        updated: 1,
        currentRevision: 1,
        updateRevision: 2,
      },
      revisions: [1, 2],
    },
  );
  strictEqual((await podsOf("db"))[0]!.metadata!.uid, first!.metadata!.uid);

  // a pod below the partition comes back in its old form
  await core.deletePod("db-0");
  await until("another db-0", async () => {
    const [pod] = await podsOf("db");
    return pod!.metadata!.name === "db-0" && pod!.metadata!.uid !== first!.metadata!.uid;
  }, { timeout: TIMEOUT });
  strictEqual((await outcome(() => true)).pods[0], "db-0 v1 r1");

  await change({ updateStrategy: rolling(0) });
  deepStrictEqual(
    await outcome((set, pods) =>
      pods.every((pod) => versionOf(pod) === "2") &&
      set.status!.currentRevision === set.status!.updateRevision
    ),
    {
      pods: ["db-0 v2 r2", "db-1 v2 r2", "db-2 v2 r2"],
      status: {
        replicas: 3,
        ready: 3,
        current: 3,
        updated: 3,
        currentRevision: 2,
        updateRevision: 2,
      },
      revisions: [1, 2],
    },
  );

  // back, which is a new number for the old revision; and fewer
  await change({ replicas: 1, template: template("db", "1") });
  deepStrictEqual(
    await outcome((set, pods) =>
      versionOf(pods[0]!) === "1" && set.status!.currentRevision === set.status!.updateRevision
    ),
    {
      pods: ["db-0 v1 r3"],
      status: {
        replicas: 1,
        ready: 1,
        current: 1,
        updated: 1,
        currentRevision: 3,
        updateRevision: 3,
      },
      revisions: [2, 3],
    },
  );

  // what is not to change is refused, in the same words up to the list of fields
  const refusal = await change({ serviceName: "other" }).catch((error) => error);
  match(refusal.message, /updates to statefulset spec for fields other than .* are forbidden/);

  await apps.deleteStatefulSet("db");
  await until("pods and revisions gone", async () => {
    return (await podsOf("db")).length === 0 && (await revisionsOf("db")).size === 0;
  }, { timeout: TIMEOUT });
});

Deno.test("a daemon set is made, updated, kept off a node and deleted as on a real cluster", async () => {
  await using cluster = await startTestCluster({ images: greeterImages(), nodes: 2 });
  const { core, apps, podsOf, revisionsOf } = api(cluster);
  const nodes = (await new CoreV1Api(cluster.admin).getNodeList()).items
    .filter(({ status }) =>
      status!.conditions!.some(({ type, status }) => type === "Ready" && status === "True")
    )
    .map(({ metadata }) => metadata!.name!).sort();

  async function outcome(isThere: (pods: Pod[]) => boolean) {
    const { set, pods } = await until("the daemon set at rest", async () => {
      const [set, pods] = [await apps.getDaemonSet("agent"), await podsOf("agent")];
      const { status, metadata } = set;
      const isAtRest = status?.observedGeneration === metadata?.generation &&
        (status?.numberAvailable ?? 0) === status?.desiredNumberScheduled &&
        (status?.updatedNumberScheduled ?? 0) === status?.desiredNumberScheduled &&
        pods.length === status?.desiredNumberScheduled;
      return isAtRest && isThere(pods) && { set, pods };
    }, { timeout: TIMEOUT });
    const revisions = await revisionsOf("agent");
    const byHash = new Map(
      [...revisions].map(([name, number]) => [name.split("-").at(-1), number]),
    );
    const { status } = set;
    return {
      pods: pods.map((pod) => {
        const revision = byHash.get(pod.metadata!.labels!["controller-revision-hash"]);
        return `${nodes.indexOf(pod.spec!.nodeName!)} v${versionOf(pod)} r${revision}`;
      }).sort(),
      status: {
        desired: status!.desiredNumberScheduled,
        current: status!.currentNumberScheduled,
        ready: status!.numberReady,
        unavailable: status!.numberUnavailable ?? 0,
        misscheduled: status!.numberMisscheduled,
      },
      revisions: [...revisions.values()].sort(),
    };
  }

  const all = (version: string, revision: number) =>
    nodes.map((_, i) => `${i} v${version} r${revision}`);
  const status = (count: number) => ({
    desired: count,
    current: count,
    ready: count,
    unavailable: 0,
    misscheduled: 0,
  });

  await apps.createDaemonSet({
    metadata: { name: "agent" },
    spec: { selector: { matchLabels: { app: "agent" } }, template: template("agent", "1") },
  });
  deepStrictEqual(await outcome(() => true), {
    pods: all("1", 1),
    status: status(nodes.length),
    revisions: [1],
  });

  await apps.patchDaemonSet("agent", "json-merge", {
    spec: { selector: { matchLabels: { app: "agent" } }, template: template("agent", "2") },
  });
  deepStrictEqual(await outcome((pods) => pods.every((pod) => versionOf(pod) === "2")), {
    pods: all("2", 2),
    status: status(nodes.length),
    revisions: [1, 2],
  });

  const before = await podsOf("agent");
  await core.deletePod(before[0]!.metadata!.name!);
  const after = await until("another pod", async () => {
    const pods = await podsOf("agent");
    const isNew = pods.every(({ metadata }) => metadata!.uid !== before[0]!.metadata!.uid);
    return pods.length === nodes.length && isNew && pods;
  }, { timeout: TIMEOUT });
  deepStrictEqual(
    after.map(({ spec }) =>
      spec!.affinity!.nodeAffinity!
        .requiredDuringSchedulingIgnoredDuringExecution!.nodeSelectorTerms[0]!.matchFields![0]!
        .values![0]
    ).sort(),
    nodes,
  );

  // back, and on one node only
  const narrowed = template("agent", "1");
  await apps.patchDaemonSet("agent", "json-merge", {
    spec: {
      selector: { matchLabels: { app: "agent" } },
      template: {
        ...narrowed,
        spec: { ...narrowed.spec, nodeSelector: { "kubernetes.io/hostname": nodes[0]! } },
      },
    },
  });
  deepStrictEqual(await outcome((pods) => pods.length === 1 && versionOf(pods[0]!) === "1"), {
    pods: ["0 v1 r3"],
    status: status(1),
    revisions: [1, 2, 3],
  });

  await apps.deleteDaemonSet("agent");
  await until("pods and revisions gone", async () => {
    return (await podsOf("agent")).length === 0 && (await revisionsOf("agent")).size === 0;
  }, { timeout: TIMEOUT });
});

Deno.test({
  name: "what a stateful set's pod has written is there for the next pod of its ordinal",
  ignore: OWN_NODES,
  fn: async () => {
    // each attempt adds a line, and shows all of them
    const program = 'echo "$HOSTNAME was here" >> "$TROUPE_VOLUME_DATA/log"; ' +
      'cat "$TROUPE_VOLUME_DATA/log"; exec sleep 3600';
    const images = { "disk:latest": ["sh", "-c", program] };
    await using cluster = await startTestCluster({ images, nodes: 2 });
    const { core, apps, podsOf } = api(cluster);
    const claim = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: toQuantity("1Mi") } },
    };
    await apps.createStatefulSet({
      metadata: { name: "disk" },
      spec: {
        serviceName: "disk",
        replicas: 2,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: { app: "disk" } },
        template: {
          metadata: { labels: { app: "disk" } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{
              name: "main",
              image: "disk:latest",
              volumeMounts: [{ name: "data", mountPath: "/data" }],
            }],
          },
        },
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claim }],
      },
    });
    const logOf = (pod: string, lines: number) =>
      until(`${lines} lines of ${pod}`, async () => {
        const log = await core.getPodLog(pod).catch(() => "");
        return log.trim().split("\n").length === lines && log.includes("here") && log;
      }, { timeout: TIMEOUT });
    strictEqual(await logOf("disk-0", 1), "disk-0 was here\n");
    strictEqual(await logOf("disk-1", 1), "disk-1 was here\n");

    const [before] = await podsOf("disk");
    await core.deletePod("disk-0");
    await until("another disk-0", async () => {
      const [pod] = await podsOf("disk");
      return pod!.metadata!.name === "disk-0" && pod!.metadata!.uid !== before!.metadata!.uid;
    }, { timeout: TIMEOUT });
    strictEqual(await logOf("disk-0", 2), "disk-0 was here\n".repeat(2));
    notStrictEqual((await podsOf("disk"))[0]!.metadata!.uid, before!.metadata!.uid);

    const claims = (await core.getPersistentVolumeClaimList()).items;
    deepStrictEqual(
      claims.map(({ metadata, spec, status }) => [
        metadata!.name,
        metadata!.labels!.app,
        spec!.storageClassName,
        status!.phase,
      ]).sort(),
      [
        ["data-disk-0", "disk", "local", "Bound"],
        ["data-disk-1", "disk", "local", "Bound"],
      ],
    );

    // a claim outlives its set, but not its own deletion, nor does its volume
    const data = claims.find(({ metadata }) => metadata!.name === "data-disk-0");
    const volume = await new CoreV1Api(cluster.admin).getPersistentVolume(data!.spec!.volumeName!);
    const path = volume.spec!.hostPath!.path;
    await core.deletePersistentVolumeClaim("data-disk-0");
    strictEqual(Deno.statSync(path).isDirectory, true); // in use
    await apps.deleteStatefulSet("disk");
    await until("the first volume gone", async () => {
      const { items } = await new CoreV1Api(cluster.admin).getPersistentVolumeList();
      return !items.some(({ metadata }) => metadata!.name === volume.metadata!.name);
    }, { timeout: TIMEOUT });
    strictEqual(await Deno.stat(path).then(() => true, () => false), false);
    deepStrictEqual(
      (await core.getPersistentVolumeClaimList()).items.map(({ metadata }) => metadata!.name),
      ["data-disk-1"],
    );
    await core.deletePersistentVolumeClaim("data-disk-1");
    await until("the last volume gone", async () => {
      const { items } = await new CoreV1Api(cluster.admin).getPersistentVolumeList();
      return !items.some(({ spec }) => spec!.claimRef?.namespace === cluster.namespace);
    }, { timeout: TIMEOUT });
  },
});
