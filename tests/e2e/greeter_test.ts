// The talk's application on a cluster: the embedded one, or a real control plane.
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { AppsV1Api } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import { Coordinator, type DeploymentEvent, type PodEvent } from "../../coordinator/mod.ts";
import { denoImage } from "../../local/mod.ts";
import { OWN_NODES, startTestCluster } from "../support/cluster.ts";
import { greeterImages, runProgram, startProgram, WORKER_IMAGE } from "../support/greeter.ts";
import { until } from "../support/until.ts";

const PORT = 8086;
const TIMEOUT = 60_000;

const WORKER = {
  name: "worker",
  image: WORKER_IMAGE,
  imagePullPolicy: "IfNotPresent",
  port: PORT,
} as const;

Deno.test("the greeter: run, events, greetings, scale, change, delete", async (t) => {
  await using cluster = await startTestCluster({ images: greeterImages(), nodes: 2 });
  await using coordinator = await Coordinator.create({
    name: "greeter-supervisor",
    namespace: cluster.namespace,
    kubeconfig: cluster.kubeconfig,
  });
  const pods: PodEvent[] = [];
  const deployments: DeploymentEvent[] = [];
  const greetings = new Map<string, string>();
  const errors: unknown[] = [];
  const core = new CoreV1Api(cluster.admin).namespace(cluster.namespace);
  coordinator.onError((error) => void errors.push(error));
  coordinator.onDeploymentEvent((e) => void deployments.push(e));
  coordinator.onPodEvent(async (e) => {
    pods.push(e);
    if (!e.running) return;
    try {
      const response = await fetch(`http://${e.podIP}:${e.port}/`);
      greetings.set(e.name, await response.text());
    } catch (error) { // which is right for a pod that is stopped just then
      const { items } = await core.getPodList();
      const pod = items.find(({ metadata }) => metadata?.uid === e.uid);
      if (pod !== undefined && pod.metadata?.deletionTimestamp == null) throw error;
    }
  });
  const workload = await coordinator.run({ ...WORKER, replicas: 3, envs: { GREETING: "hi" } });
  const started = coordinator.start();
  const apps = new AppsV1Api(cluster.admin).namespace(cluster.namespace);

  await t.step("three workers run, are ready and answer", async () => {
    await workload.ready({ timeout: TIMEOUT });
    await until("three greetings", () => greetings.size === 3);
    deepStrictEqual([...greetings.values()], Array(3).fill("Hello, world!\n"));
  });

  await t.step("the events have the fields of the talk", async () => {
    const running = pods.find((e) => e.running)!;
    strictEqual(running.kind, "Pod");
    strictEqual(running.namespace, cluster.namespace);
    strictEqual(running.workload, "worker");
    strictEqual(running.port, PORT);
    strictEqual(running.restarts, 0);
    strictEqual(running.source.metadata?.name, running.name);
    ok(running.podIP && running.hostIP && running.node && running.uid);
    const ready = await until("the deployment to be ready", () => deployments.find((e) => e.ready));
    strictEqual(ready.readyReplicas, 3);
    strictEqual(ready.source.metadata?.name, "worker");
  });

  await t.step("the objects carry the labels, the field manager and the environment", async () => {
    const deployment = await apps.getDeployment("worker");
    const labels = deployment.metadata!.labels!;
    strictEqual(labels["app.kubernetes.io/managed-by"], "troupe");
    strictEqual(labels["troupe.dev/coordinator"], "greeter-supervisor");
    strictEqual(labels["troupe.dev/workload"], "worker");
    ok(deployment.metadata!.managedFields!.some((f) => f.manager === "troupe/greeter-supervisor"));
    const [pod] = (await core.getPodList({ labelSelector: "troupe.dev/workload=worker" })).items;
    const env = Object.fromEntries(pod!.spec!.containers[0]!.env!.map((e) => [e.name, e]));
    strictEqual(env.GREETING!.value, "hi");
    strictEqual(env.POD_NAME!.valueFrom!.fieldRef!.fieldPath, "metadata.name");
    strictEqual(env.TROUPE_WORKLOAD!.value, "worker");
  });

  await t.step("the same run again writes no new generation", async () => {
    const before = await apps.getDeployment("worker");
    await coordinator.run({ ...WORKER, replicas: 3, envs: { GREETING: "hi" } });
    const after = await apps.getDeployment("worker");
    strictEqual(after.metadata!.generation, before.metadata!.generation);
  });

  await t.step("scale() changes only the number", async () => {
    await workload.scale(5);
    await workload.ready({ timeout: TIMEOUT });
    strictEqual((await workload.pods()).length, 5);
    await workload.scale(2);
    await until("two pods", async () => (await workload.pods()).length === 2);
    const deployment = await apps.getDeployment("worker");
    strictEqual(deployment.spec!.template.spec!.containers[0]!.image, WORKER_IMAGE);
    await until("three deletions", () => pods.filter((e) => e.type === "deleted").length >= 3);
  });

  await t.step("a changed run rolls out", async () => {
    const old = new Set((await workload.pods()).map((pod) => pod.name));
    const changed = await coordinator.run({ ...WORKER, replicas: 2, envs: { GREETING: "hello" } });
    await changed.ready({ timeout: TIMEOUT });
    await until(
      "only new pods",
      async () => (await changed.pods()).every((pod) => !old.has(pod.name)),
    );
  });

  await t.step("bad parameters are refused before anything is sent", async () => {
    const { generation } = (await apps.getDeployment("worker")).metadata!;
    await rejects(
      coordinator.run({ ...WORKER, name: "Not_A_Label", port: 70_000, replicas: -1, image: "" }),
      (error: Error) => {
        for (const field of ["name", "port", "replicas", "image"]) {
          ok(error.message.includes(field));
        }
        match(error.message, /70000/);
        return true;
      },
    );
    await rejects(coordinator.run({ ...WORKER, replica: 1 } as never), /replica/);
    strictEqual((await apps.getDeployment("worker")).metadata!.generation, generation);
  });

  await t.step("delete() removes the workload, its pods and its account", async () => {
    await workload.delete();
    deepStrictEqual(await workload.pods(), []);
    const gone = (events: { name: string; type: string }[], name: string) =>
      events.some((e) => e.name === name && e.type === "deleted");
    await until("each pod's deletion", () => pods.every((e) => gone(pods, e.name)));
    await until("the deployment's deletion", () => gone(deployments, "worker"));
    await until(
      "the account's deletion",
      async () =>
        !(await core.getServiceAccountList()).items.some((sa) => sa.metadata!.name === "worker"),
    );
  });

  await coordinator.stop();
  await started;
  deepStrictEqual(errors, []);
});

const crashing = {
  "crashing:latest": denoImage(new URL("../support/crashing_worker.ts", import.meta.url)),
};

Deno.test({
  name: "a worker that crashes is restarted, and an event says so",
  ignore: OWN_NODES,
  async fn() {
    await using cluster = await startTestCluster({ images: crashing });
    await using coordinator = await Coordinator.create({
      name: "restarts",
      namespace: cluster.namespace,
      kubeconfig: cluster.kubeconfig,
    });
    const pods: PodEvent[] = [];
    coordinator.onPodEvent((e) => void pods.push(e));
    const workload = await coordinator.run({ ...WORKER, image: "crashing:latest" });
    const started = coordinator.start();
    await workload.ready({ timeout: TIMEOUT });
    const [pod] = await workload.pods();
    await (await fetch(`http://${pod!.podIP}:${PORT}/crash`)).text();
    const back = await until("a restart", () => pods.find((e) => e.restarts === 1 && e.running));
    strictEqual(back.exitCode, 3);
    strictEqual(back.name, pod!.name);
    await coordinator.stop();
    await started;
  },
});

Deno.test({
  name: "a worker that is told to stop finishes the request that it is serving",
  ignore: OWN_NODES,
  async fn() {
    await using cluster = await startTestCluster({ images: crashing });
    await using coordinator = await Coordinator.create({
      name: "drains",
      namespace: cluster.namespace,
      kubeconfig: cluster.kubeconfig,
    });
    const workload = await coordinator.run({ ...WORKER, image: "crashing:latest" });
    await workload.ready({ timeout: TIMEOUT });
    const [pod] = await workload.pods();
    const slow = fetch(`http://${pod!.podIP}:${PORT}/slow`).then((response) => response.text());
    await (await fetch(`http://${pod!.podIP}:${PORT}/`)).text(); // the slow one is under way by now
    await workload.delete();
    strictEqual(await slow, "/slow\n");
  },
});

Deno.test("the supervisor's executable launches, greets and stops on SIGTERM", async () => {
  await using cluster = await startTestCluster({ images: greeterImages() });
  const flags = ["--kubeconfig", cluster.kubeconfig, "--namespace", cluster.namespace];
  await using supervisor = startProgram([
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    new URL("../../coordinator/main.ts", import.meta.url).pathname,
    ...flags,
    "--worker-image",
    WORKER_IMAGE,
  ]);
  await supervisor.printed(/Hello, world!/, { timeout: TIMEOUT });
  const status = await supervisor.stop("SIGTERM");
  strictEqual(status.code, 0, supervisor.output());
  // its death is a non-event for the worker
  const { items } = await new CoreV1Api(cluster.admin).namespace(cluster.namespace).getPodList();
  strictEqual(items.length, 1);
  strictEqual(items[0]!.status!.phase, "Running");
});

for (const program of ["coordinator/main.ts", "worker/main.ts"]) {
  Deno.test(`${program} explains its flags and refuses bad ones in one line with code 2`, async () => {
    const help = await runProgram(program, ["--help"]);
    strictEqual(help.code, 0);
    match(help.stdout, /--namespace/);
    for (const args of [["--nonsense"], ["--namespace", "Not_A_Label"], ["--namespace"]]) {
      const bad = await runProgram(program, args);
      strictEqual(bad.code, 2, `${args}: ${bad.stdout}${bad.stderr}`);
      strictEqual(bad.stderr.trim().split("\n").length, 1, bad.stderr);
      match(bad.stderr, /nonsense|namespace/);
    }
  });
}
