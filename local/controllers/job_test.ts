/** Jobs and CronJobs on our own API server, their pods ended by hand. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { plainClusterConfig } from "../../kube/mod.ts";
import { ApiServer } from "../apiserver/mod.ts";
import {
  conditionOf,
  CRON_JOBS,
  isTerminal,
  type Job,
  JOBS,
  type Kind,
  NAMESPACES,
  type Pod,
  PODS,
} from "../objects/mod.ts";
import { TestCluster } from "../objects/testdata/test_cluster.ts";
import { startScheduler } from "../scheduler/mod.ts";
import { isTracked } from "./job_pods.ts";
import { type Controllers, type ControllersOptions, startControllers } from "./mod.ts";

/** A cluster whose pods run until they are told how they end. */
class Batch implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly cluster: TestCluster) {}

  static async start(): Promise<Batch> {
    const stack = new AsyncDisposableStack();
    const server = stack.use(await ApiServer.start());
    const cluster = stack.use(
      await TestCluster.on(plainClusterConfig(server.url), [JOBS, CRON_JOBS] as Kind[]),
    );
    stack.use(await startScheduler(cluster.transport()));
    await cluster.node("a");
    const batch = new Batch(cluster);
    batch.#stack.use(stack);
    return batch;
  }

  async control(options: ControllersOptions = {}, writes: string[] = []): Promise<Controllers> {
    return await startControllers(this.cluster.transport(writes), { jobBackoff: 1, ...options });
  }

  async create(name: string, spec: Record<string, unknown> = {}): Promise<void> {
    const pod = { ...this.cluster.podSpec(), restartPolicy: "Never" };
    const job = { apiVersion: "batch/v1", kind: "Job", name };
    await this.cluster.create({ ...job, spec: { template: { spec: pod }, ...spec } }, JOBS);
  }

  job(name: string): Job | undefined {
    return this.cluster.get(JOBS, name);
  }

  is(name: string, type: string): boolean {
    return conditionOf(this.job(name)?.status?.conditions, type)?.status === "True";
  }

  running(): Pod[] {
    return this.cluster.living(PODS).filter(({ status }) => status?.phase === "Running");
  }

  async end(pod: Pod | undefined, phase: "Succeeded" | "Failed"): Promise<void> {
    ok(pod);
    const { name } = pod.metadata;
    await this.cluster.patch(PODS, name, { status: { phase } }, { subresource: "status" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("jobController() counts each pod once, though it is restarted, and then rests", async () => {
  await using batch = await Batch.start();
  const { cluster } = batch;
  await batch.create("sum", { parallelism: 2, completions: 3 });
  for (const [i, phase] of (["Failed", "Succeeded", "Succeeded", "Succeeded"] as const).entries()) {
    await using controllers = await batch.control();
    await cluster.until(`pod ${i}`, () => batch.running().length >= Math.min(2, 4 - i));
    await controllers.idle();
    await batch.end(batch.running()[0], phase);
    // gone at once, in the middle of the counting
  }
  await using controllers = await batch.control();
  await cluster.until("complete", () => batch.is("sum", "Complete"));
  const { succeeded, failed, active, completionTime } = batch.job("sum")?.status ?? {};
  deepStrictEqual([succeeded, failed, active], [3, 1, undefined]);
  ok(completionTime);
  deepStrictEqual(cluster.all(PODS).filter(isTracked), []);
  await controllers.idle();
  await controllers.close();

  const writes: string[] = [];
  await using again = await batch.control({}, writes);
  await again.idle();
  deepStrictEqual(writes.filter((write) => write.includes(cluster.namespace)), []);
});

Deno.test("jobController() counts a pod that somebody deletes, and makes another", async () => {
  await using batch = await Batch.start();
  const { cluster } = batch;
  await using _controllers = await batch.control();
  await batch.create("sum");
  await cluster.until("runs", () => batch.running().length === 1);
  const [first] = batch.running();
  await cluster.delete(PODS, first!.metadata.name);
  await cluster.until("another", () => {
    const [pod] = batch.running();
    return pod !== undefined && pod.metadata.uid !== first!.metadata.uid &&
      cluster.all(PODS).length === 1;
  });
  await cluster.until("counted", () => batch.job("sum")?.status?.failed === 1);
  await batch.end(batch.running()[0], "Succeeded");
  await cluster.until("complete", () => batch.is("sum", "Complete"));
  strictEqual(batch.job("sum")?.status?.succeeded, 1);
});

Deno.test("jobController() lets pods go whose Job is deleted, with them or without", async () => {
  await using batch = await Batch.start();
  const { cluster } = batch;
  await using _controllers = await batch.control();
  await batch.create("kept", { parallelism: 2, completions: 2 });
  await cluster.until("runs", () => batch.running().length === 2);
  await cluster.delete(JOBS, "kept", "Orphan");
  await cluster.until("gone", () => !batch.job("kept") && !cluster.all(PODS).some(isTracked));
  strictEqual(batch.running().length, 2);

  await batch.create("gone", { parallelism: 2, completions: 2 });
  await cluster.until("runs", () => batch.running().length === 4);
  for (const policy of ["Background", "Foreground"] as const) {
    await cluster.delete(JOBS, "gone", policy);
    await cluster.until("gone", () => !batch.job("gone") && cluster.all(PODS).length === 2);
    await batch.create("gone", { parallelism: 2, completions: 2 });
    await cluster.until("runs", () => batch.running().length === 4);
  }
  await cluster.client.write({
    verb: "delete",
    kind: NAMESPACES,
    target: { name: cluster.namespace },
  });
  await cluster.until("all gone", () => !cluster.get(NAMESPACES, cluster.namespace));
});

Deno.test("jobController() fails, ends what runs, and deletes a Job whose time is over", async () => {
  await using batch = await Batch.start();
  const { cluster } = batch;
  let offset = 0;
  await using _controllers = await batch.control({ now: () => Date.now() + offset });
  const spec = { parallelism: 2, completions: 2, backoffLimit: 0, ttlSecondsAfterFinished: 3600 };
  await batch.create("sum", spec);
  await cluster.until("runs", () => batch.running().length === 2);
  await batch.end(batch.running()[0], "Failed");
  await cluster.until("failed", () => batch.is("sum", "Failed"));
  deepStrictEqual(cluster.all(PODS).filter((pod) => !isTerminal(pod)), []);
  strictEqual(batch.job("sum")?.status?.failed, 2);
  offset = 3_601_000;
  await cluster.client.write({
    verb: "patch",
    kind: JOBS,
    target: { namespace: cluster.namespace, name: "sum" },
    patch: { metadata: { annotations: { look: "again" } } },
  });
  await cluster.until("deleted", () => !batch.job("sum") && cluster.all(PODS).length === 0);
});

Deno.test("cronJobController() makes a Job at its time, and keeps its history short", async () => {
  await using batch = await Batch.start();
  const { cluster } = batch;
  const year = new Date().getUTCFullYear();
  let offset = 0;
  await using controllers = await batch.control({ now: () => Date.now() + offset });
  const template = { spec: { ...cluster.podSpec(), restartPolicy: "Never" } };
  const spec = {
    schedule: "@yearly",
    successfulJobsHistoryLimit: 1,
    jobTemplate: { spec: { template } },
  };
  await cluster.create({ apiVersion: "batch/v1", kind: "CronJob", name: "tick", spec }, CRON_JOBS);
  await controllers.idle();
  strictEqual(cluster.all(JOBS).length, 0);
  for (let years = 1; years <= 2; years++) {
    offset = Date.UTC(year + years, 6) - Date.now();
    await cluster.patch(CRON_JOBS, "tick", { metadata: { annotations: { look: `${years}` } } });
    await cluster.until("runs", () => batch.running().length === 1);
    const active = () => cluster.get(CRON_JOBS, "tick")?.status?.active ?? [];
    await cluster.until("listed", () => active().length === 1);
    await batch.end(batch.running()[0], "Succeeded");
    await cluster.until("taken off", () => active().length === 0);
  }
  await cluster.until("one is kept", () => cluster.all(JOBS).length === 1);
  const [job] = cluster.all(JOBS);
  strictEqual(job?.metadata.name, `tick-${Date.UTC(year + 2, 0) / 60_000}`);
  ok(cluster.get(CRON_JOBS, "tick")?.status?.lastSuccessfulTime);
});
