// What becomes of Jobs and their pods: the same on the embedded cluster and on a real control plane.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { OWN_NODES, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

/** A real control plane waits 10 s before the second try of a Job. */
const TIMEOUT = { timeout: 90_000 };

/** Any command; nodes with a container runtime would need a real image. */
const IMAGES = { "shell:1": { command: ["sh"], args: ["-c", "exit 0"] } };

// deno-lint-ignore no-explicit-any -- read as it is on the wire, where 1.20 has fewer fields
type Json = any;

interface Pods {
  readonly script: string;
  readonly restartPolicy?: "Never" | "OnFailure";
}

async function request(
  { admin }: TestCluster,
  line: string,
  body?: Json,
  contentType?: string,
): Promise<Json> {
  const [method = "", path = ""] = line.split(" ");
  const bodyJson = body as JSONValue;
  return await admin.performRequest({
    method: method as "GET",
    path,
    expectJson: true,
    ...(body && { bodyJson }),
    ...(contentType && { contentType }),
  });
}

function jobsPath({ namespace }: TestCluster): string {
  return `/apis/batch/v1/namespaces/${namespace}/jobs`;
}

async function createJob(cluster: TestCluster, pods: Pods, spec: Json = {}): Promise<Json> {
  return await request(cluster, `POST ${jobsPath(cluster)}`, {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { generateName: "job-" },
    spec: { template: { spec: podSpec(pods) }, ...spec },
  });
}

function podSpec({ script, restartPolicy = "Never" }: Pods): Json {
  const containers = [{ name: "main", image: "shell:1", args: ["-c", script] }];
  return { restartPolicy, terminationGracePeriodSeconds: 1, containers };
}

/** The Job once a condition of it is true. */
async function untilCondition(cluster: TestCluster, name: string, type: string): Promise<Json> {
  return await until(`Job ${name} with condition ${type}`, async () => {
    const job = await request(cluster, `GET ${jobsPath(cluster)}/${name}`);
    return conditionOf(job, type)?.status === "True" && job;
  }, TIMEOUT);
}

function conditionOf(job: Json, type: string): Json {
  return job.status.conditions?.find((one: Json) => one.type === type);
}

async function podsOf(cluster: TestCluster, name: string): Promise<Json[]> {
  const query = `labelSelector=${encodeURIComponent(`job-name=${name}`)}`;
  const path = `/api/v1/namespaces/${cluster.namespace}/pods?${query}`;
  return (await request(cluster, `GET ${path}`)).items;
}

/** How each pod's container ended. */
async function endsOf(cluster: TestCluster, name: string): Promise<Json[]> {
  const pods = await podsOf(cluster, name);
  return pods.map(({ status }) => {
    const { exitCode, reason } = status.containerStatuses?.[0]?.state?.terminated ?? {};
    return [status.phase, exitCode, reason];
  });
}

/** What 1.20 and newer servers both say of a Job that is over. */
function summaryOf({ status }: Json): Json {
  const { active = 0, succeeded = 0, failed = 0, startTime, completionTime } = status;
  return { active, succeeded, failed, started: !!startTime, completed: !!completionTime };
}

function test(name: string, body: (cluster: TestCluster) => Promise<void>): void {
  Deno.test({
    name: `Job: ${name}`,
    ignore: OWN_NODES,
    fn: async () => {
      await using cluster = await startTestCluster({ images: IMAGES });
      await body(cluster);
    },
  });
}

test("it completes when its pod succeeds", async (cluster) => {
  const { metadata: { name } } = await createJob(cluster, { script: "echo done" });
  const job = await untilCondition(cluster, name, "Complete");
  deepStrictEqual(summaryOf(job), {
    active: 0,
    succeeded: 1,
    failed: 0,
    started: true,
    completed: true,
  });
  deepStrictEqual(await endsOf(cluster, name), [["Succeeded", 0, "Completed"]]);
});

test("it runs several pods at once until enough have succeeded", async (cluster) => {
  const spec = { parallelism: 3, completions: 5 };
  const { metadata: { name } } = await createJob(cluster, { script: "exit 0" }, spec);
  const { succeeded, failed } = summaryOf(await untilCondition(cluster, name, "Complete"));
  deepStrictEqual([succeeded, failed], [5, 0]);
  deepStrictEqual(await endsOf(cluster, name), Array(5).fill(["Succeeded", 0, "Completed"]));
});

for (const backoffLimit of [0, 1]) {
  test(`it fails when more than ${backoffLimit} of its pods fail`, async (cluster) => {
    const spec = { backoffLimit };
    const { metadata: { name } } = await createJob(cluster, { script: "exit 3" }, spec);
    const job = await untilCondition(cluster, name, "Failed");
    deepStrictEqual(summaryOf(job), {
      active: 0,
      succeeded: 0,
      failed: backoffLimit + 1,
      started: true,
      completed: false,
    });
    const { reason, message } = conditionOf(job, "Failed");
    strictEqual(reason, "BackoffLimitExceeded");
    strictEqual(message, "Job has reached the specified backoff limit");
    deepStrictEqual(
      await endsOf(cluster, name),
      Array(backoffLimit + 1).fill(["Failed", 3, "Error"]),
    );
  });
}

test("it fails when containers are restarted too often in their pod", async (cluster) => {
  const pods = { script: "exit 1", restartPolicy: "OnFailure" } as const;
  const { metadata: { name } } = await createJob(cluster, pods, { backoffLimit: 1 });
  const job = await untilCondition(cluster, name, "Failed");
  // whether the pod that is ended then counts as failed is not the same in all versions
  strictEqual(conditionOf(job, "Failed").reason, "BackoffLimitExceeded");
  await until(
    "its pod to be gone",
    async () => (await podsOf(cluster, name)).length === 0,
    TIMEOUT,
  );
});

test("it succeeds when a container does after restarts", async (cluster) => {
  // the second attempt finds what the first one left
  const script = "test -e /tmp/$POD || { touch /tmp/$POD; exit 1; }; rm /tmp/$POD";
  const spec = podSpec({ script, restartPolicy: "OnFailure" });
  spec.containers[0].env = [
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } },
  ];
  const { metadata: { name } } = await createJob(cluster, { script }, { template: { spec } });
  strictEqual(summaryOf(await untilCondition(cluster, name, "Complete")).succeeded, 1);
  const [pod] = await podsOf(cluster, name);
  strictEqual(pod.status.containerStatuses[0].restartCount, 1);
});

test("it fails when it runs for too long, and its pods end", async (cluster) => {
  const spec = { parallelism: 2, completions: 2 };
  const { metadata: { name } } = await createJob(cluster, { script: "exec sleep 600" }, spec);
  await until("two active pods", async () => {
    return (await request(cluster, `GET ${jobsPath(cluster)}/${name}`)).status.active === 2;
  }, TIMEOUT);
  const change = { spec: { activeDeadlineSeconds: 2 } };
  const patchType = "application/merge-patch+json";
  await request(cluster, `PATCH ${jobsPath(cluster)}/${name}`, change, patchType);
  const job = await untilCondition(cluster, name, "Failed");
  const { reason, message } = conditionOf(job, "Failed");
  strictEqual(reason, "DeadlineExceeded");
  strictEqual(message, "Job was active longer than specified deadline");
  // how many of its pods count as failed depends: not those whose end a controller saw on its second try
  const { active, succeeded, started, completed } = summaryOf(job);
  deepStrictEqual(
    { active, succeeded, started, completed },
    { active: 0, succeeded: 0, started: true, completed: false },
  );
  await until(
    "its pods to be gone",
    async () => (await podsOf(cluster, name)).length === 0,
    TIMEOUT,
  );
});

test("its pods end by their own deadline too", async (cluster) => {
  const spec = { ...podSpec({ script: "exec sleep 600" }), activeDeadlineSeconds: 1 };
  const { metadata: { name } } = await createJob(cluster, { script: "" }, {
    backoffLimit: 0,
    template: { spec },
  });
  strictEqual(summaryOf(await untilCondition(cluster, name, "Failed")).failed, 1);
  const [pod] = await podsOf(cluster, name);
  deepStrictEqual([pod.status.phase, pod.status.reason], ["Failed", "DeadlineExceeded"]);
});

test("its pods go with it, or stay, as its deletion says", async (cluster) => {
  for (const policy of ["Background", "Foreground", "Orphan"]) {
    const { metadata: { name } } = await createJob(cluster, { script: "exec sleep 600" });
    await until("a pod", async () => (await podsOf(cluster, name)).length === 1, TIMEOUT);
    const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: policy };
    await request(cluster, `DELETE ${jobsPath(cluster)}/${name}`, options);
    await until("the Job to be gone", async () => {
      const { items } = await request(cluster, `GET ${jobsPath(cluster)}`);
      return items.length === 0;
    }, TIMEOUT);
    if (policy === "Orphan") {
      const [pod] = await podsOf(cluster, name);
      deepStrictEqual([pod.metadata.ownerReferences, pod.metadata.finalizers], [
        undefined,
        undefined,
      ]);
    } else {
      await until("no pod", async () => (await podsOf(cluster, name)).length === 0, TIMEOUT);
    }
  }
});

test("it ends its pods while it is suspended, and goes on after", async (cluster) => {
  const { metadata: { name }, spec } = await createJob(cluster, { script: "exec sleep 600" }, {
    suspend: false,
  });
  if (spec.suspend === undefined) return; // 1.20 knows no suspension
  const running = async () =>
    (await podsOf(cluster, name)).filter(({ status }) => status.phase === "Running").length;
  const suspend = (value: boolean) =>
    request(
      cluster,
      `PATCH ${jobsPath(cluster)}/${name}`,
      { spec: { suspend: value } },
      "application/merge-patch+json",
    );
  await until("it to run", async () => await running() === 1, TIMEOUT);
  await suspend(true);
  const job = await untilCondition(cluster, name, "Suspended");
  deepStrictEqual([summaryOf(job).active, summaryOf(job).failed], [0, 0]);
  await until(
    "its pod to be gone",
    async () => (await podsOf(cluster, name)).length === 0,
    TIMEOUT,
  );
  await suspend(false);
  await until("it to run again", async () => await running() === 1, TIMEOUT);
});

test("its pods know their index, if it counts them by index", async (cluster) => {
  const script = "exit $((JOB_COMPLETION_INDEX == 1))";
  const { metadata: { name }, spec } = await createJob(cluster, { script }, {
    completionMode: "Indexed",
    completions: 3,
    parallelism: 3,
    backoffLimitPerIndex: 0,
  });
  if (spec.completionMode === undefined) return; // 1.20 has no indexes
  const job = await untilCondition(cluster, name, "Failed");
  const { completedIndexes, failedIndexes } = job.status;
  deepStrictEqual([completedIndexes, failedIndexes], ["0,2", "1"]);
  strictEqual(conditionOf(job, "Failed").reason, "FailedIndexes");
  const hosts = (await podsOf(cluster, name)).map((pod) => pod.spec.hostname).sort();
  deepStrictEqual(hosts, [0, 1, 2].map((index) => `${name}-${index}`));
});

test("a CronJob makes it", async (cluster) => {
  const { resources } = await request(cluster, "GET /apis/batch/v1");
  if (!resources.some((one: Json) => one.name === "cronjobs")) return; // only v1beta1 in 1.20
  const path = `/apis/batch/v1/namespaces/${cluster.namespace}/cronjobs`;
  await request(cluster, `POST ${path}`, {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "tick" },
    spec: {
      schedule: "@every 1s",
      timeZone: "Asia/Kolkata",
      concurrencyPolicy: "Forbid",
      jobTemplate: { spec: { template: { spec: podSpec({ script: "exit 0" }) } } },
    },
  });
  const { status } = await until("a Job that succeeded", async () => {
    const cron = await request(cluster, `GET ${path}/tick`);
    return cron.status.lastSuccessfulTime && cron;
  }, TIMEOUT);
  ok(status.lastScheduleTime);
  const [job] = (await request(cluster, `GET ${jobsPath(cluster)}`)).items;
  ok(/^tick-\d+$/.test(job.metadata.name));
  const time = job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"];
  ok(time.endsWith("+05:30"), time);
  strictEqual(job.metadata.ownerReferences[0].name, "tick");
});
