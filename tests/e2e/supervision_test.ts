// What a coordinator does about workers that crash, on a cluster with controllers and nodes.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { AppsV1Api } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoreV1Api, type Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  Coordinator,
  type CoordinatorEvent,
  type Escalation,
  type RunParams,
} from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { OWN_NODES, REAL, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

const TIMEOUT = 90_000;
const IMAGES = {
  "crashing:latest": denoImage(new URL("../support/crashing_worker.ts", import.meta.url)),
};
const ignore = OWN_NODES; // their registry does not have the program
const WORKER = { image: "crashing:latest", imagePullPolicy: "IfNotPresent", port: 8086 } as const;

/** A cluster, a coordinator that runs there, and what it tells. */
class Stage implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly coordinator: Coordinator;
  readonly told: CoordinatorEvent[] = [];
  readonly errors: unknown[] = [];
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, cluster: TestCluster, coordinator: Coordinator) {
    this.#stack = stack;
    this.cluster = cluster;
    this.coordinator = coordinator;
    coordinator.onCoordinatorEvent((e) => void this.told.push(e));
    coordinator.onError((e) => void this.errors.push(e));
    const started = coordinator.start();
    stack.defer(async () => {
      await coordinator.stop();
      await started;
    });
  }

  static async start(): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const cluster = stack.use(await startTestCluster({ images: IMAGES, nodes: 2 }));
    const { kubeconfig, namespace } = cluster;
    const coordinator = stack.use(
      await Coordinator.create({
        name: "overseer",
        namespace,
        kubeconfig,
        kinds: ["Deployment"],
      }),
    );
    return new Stage(stack.move(), cluster, coordinator);
  }

  /** Runs a workload and waits until all its workers are ready. */
  async run(params: Omit<RunParams, "image">) {
    const workload = await this.coordinator.run({ ...WORKER, ...params });
    await workload.ready({ timeout: TIMEOUT });
    return workload;
  }

  /** The pods of a workload that are not ending, by name. */
  async pods(workload: string): Promise<Pod[]> {
    const { items } = await this.#core.getPodList({
      labelSelector: `troupe.dev/workload=${workload}`,
    });
    return items.filter(({ metadata }) => metadata?.deletionTimestamp == null)
      .sort((a, b) => a.metadata!.name! < b.metadata!.name! ? -1 : 1);
  }

  async pod(name: string): Promise<Pod> {
    return await this.#core.getPod(name);
  }

  /** Lets a pod's worker exit with code 3, once it runs. */
  async crash(name: string): Promise<void> {
    const workers = async () => {
      const workloads = ["first", "second", "third", "worker"];
      const states = await Promise.all(
        workloads.map((one) => this.coordinator.workload(one).pods()),
      );
      return states.flat().find((pod) => pod.name === name && pod.running);
    };
    const before = await until(`"${name}" to run`, workers, { timeout: TIMEOUT });
    await fetch(`http://${before.podIP}:${before.port}/crash`).then((r) => r.text(), () => {});
    await until(`"${name}" to have ended`, async () => {
      const { status } = await this.pod(name);
      return (status?.containerStatuses?.[0]?.restartCount ?? 0) > before.restarts;
    }, { timeout: TIMEOUT });
  }

  get #core() {
    return new CoreV1Api(this.cluster.admin).namespace(this.cluster.namespace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function uidsOf(pods: readonly Pod[]): string[] {
  return pods.map(({ metadata }) => metadata!.uid!);
}

Deno.test({
  name: "supervision: a crash restarts the workers of later workloads, and of no others",
  ignore,
  async fn() {
    await using stage = await Stage.start();
    const supervision = { app: "chain", strategy: "restForOne" } as const;
    for (const name of ["first", "second", "third"]) await stage.run({ name, supervision });
    const before = await Promise.all(["first", "second", "third"].map((one) => stage.pods(one)));
    await stage.crash(before[1]![0]!.metadata!.name!);
    await until("the third to be replaced", async () => {
      const now = await stage.pods("third");
      return now.length === 1 && uidsOf(now)[0] !== uidsOf(before[2]!)[0];
    }, { timeout: TIMEOUT });
    deepStrictEqual(uidsOf(await stage.pods("first")), uidsOf(before[0]!));
    deepStrictEqual(uidsOf(await stage.pods("second")), uidsOf(before[1]!));
    const told = stage.told.find((e) => e.type === "groupRestarted");
    deepStrictEqual(told?.pods, [before[2]![0]!.metadata!.name]);
    deepStrictEqual(stage.errors, []);
  },
});

Deno.test({
  name: "supervision: a poison pod is taken out, replaced, stopped and kept; its workload goes on",
  ignore,
  async fn() {
    await using stage = await Stage.start();
    await stage.run({ name: "worker", replicas: 2, supervision: { maxRestarts: 0 } });
    const [poison, other] = await stage.pods("worker");
    const name = poison!.metadata!.name!;
    await stage.crash(name);
    await until("another worker in its place", async () => {
      const uids = uidsOf(await stage.pods("worker"));
      return uids.length === 2 && uids.includes(other!.metadata!.uid!) &&
        !uids.includes(poison!.metadata!.uid!);
    }, { timeout: TIMEOUT });
    const kept = await until("the pod to be stopped", async () => {
      const pod = await stage.pod(name);
      return pod.status?.phase === "Failed" && pod;
    }, { timeout: TIMEOUT });
    strictEqual(kept.status?.reason, "DeadlineExceeded");
    strictEqual(kept.metadata?.uid, poison!.metadata?.uid);
    strictEqual(kept.metadata?.labels?.["troupe.dev/quarantined"], "worker");
    ok(!kept.metadata?.ownerReferences?.some(({ controller }) => controller), "it was let go");
    const told = stage.told.find((e) => e.type === "quarantined");
    strictEqual(told?.pod, name);
    deepStrictEqual(stage.errors, []);
    await stage.coordinator.workload("worker").delete({ timeout: TIMEOUT });
    await until("it to go with its workload", async () => {
      const core = new CoreV1Api(stage.cluster.admin).namespace(stage.cluster.namespace);
      const { items } = await core.getPodList({ labelSelector: "troupe.dev/quarantined=worker" });
      return items.length === 0;
    }, { timeout: TIMEOUT });
  },
});

Deno.test({
  name: "supervision: too many crashes stop a workload until it is scaled again, or are escalated",
  ignore,
  async fn(t) {
    await using stage = await Stage.start();
    const escalations: Escalation[] = [];
    stage.coordinator.onEscalation((e) => void escalations.push(e));
    const apps = new AppsV1Api(stage.cluster.admin).namespace(stage.cluster.namespace);

    await t.step("stop", async () => {
      const workload = await stage.run({
        name: "worker",
        supervision: { maxRestarts: 0, onFailure: "stop" },
      });
      const [pod] = await stage.pods("worker");
      await stage.crash(pod!.metadata!.name!);
      await until("it to be stopped", async () => (await stage.pods("worker")).length === 0, {
        timeout: TIMEOUT,
      });
      strictEqual((await apps.getDeployment("worker")).spec?.replicas, 0);
      ok(stage.told.some((e) => e.type === "stoppedBySupervision" && e.workload === "worker"));
      await rejects(workload.ready({ timeout: TIMEOUT }), {
        name: "RolloutError",
        reason: "Stopped",
      });
      await workload.scale(1);
      await workload.ready({ timeout: TIMEOUT });
      strictEqual((await stage.pods("worker")).length, 1);
      await until("the record to begin anew", async () => {
        const { metadata } = await apps.getDeployment("worker");
        return !metadata?.annotations?.["troupe.dev/supervision"]?.includes('"stopped"');
      });
    });

    await t.step("escalate", async () => {
      await stage.run({ name: "worker", supervision: { maxRestarts: 0, onFailure: "escalate" } });
      const [pod] = await stage.pods("worker");
      await stage.crash(pod!.metadata!.name!);
      const told = await until("the escalation", () => escalations[0], { timeout: TIMEOUT });
      deepStrictEqual(told.pods, [pod!.metadata!.name]);
      strictEqual(told.failures[0]!.exitCode, 3);
      strictEqual(told.maxRestarts, 0);
    });
    deepStrictEqual(stage.errors, []);
  },
});

Deno.test({
  name: "scaling down takes the worker that is idle, though it is the oldest",
  ignore: ignore || REAL, // the annotation is honored from Kubernetes 1.22 on
  async fn() {
    await using stage = await Stage.start();
    const workload = await stage.run({ name: "worker" });
    const [oldest] = await workload.pods();
    await workload.scale(3);
    await workload.ready({ timeout: TIMEOUT });
    await workload.scale(2, { idle: (pod) => Promise.resolve(pod.uid === oldest!.uid) });
    await until("one to go", async () => (await stage.pods("worker")).length === 2, {
      timeout: TIMEOUT,
    });
    ok(!uidsOf(await stage.pods("worker")).includes(oldest!.uid));
    deepStrictEqual(stage.errors, []);
  },
});
