import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { Container } from "@cloudydeno/kubernetes-apis/core/v1";
import { CoordinationV1Api } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { EVENTS, NODES, PODS } from "../../kube/mod.ts";
import { ready, Scene, waiting } from "./node_scene_test.ts";
import { SimulatedRuntime, STAGE_ANNOTATION } from "./mod.ts";

const FAST = { initial: 20, max: 100, resetAfter: 60_000 };

/** A server on $POD_IP:8086 that answers 200 as long as the file "broken" is not there. */
const WEB = `
Deno.serve({ hostname: Deno.env.get("POD_IP"), port: 8086, onListen: () => console.log("up") }, () => {
  try { Deno.statSync("broken"); } catch { return new Response("fine"); }
  return new Response("broken", { status: 500 });
});`;
const POD_IP = { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } };

function web(more: Partial<Container>): Container {
  return { name: "main", image: "deno", args: [WEB], env: [POD_IP], ...more };
}

const DENO = { deno: [Deno.execPath(), "eval", "--quiet"] };

Deno.test("NodeAgent registers a ready node with addresses, capacity and a lease", async () => {
  await using scene = await Scene.start();
  const agent = await scene.agent({ labels: { zone: "a" } });
  const node = await scene.api.getNode("n1");
  deepStrictEqual(node.metadata?.labels?.["kubernetes.io/hostname"], "n1");
  strictEqual(node.metadata?.labels?.zone, "a");
  strictEqual(node.status?.allocatable?.cpu?.serialize(), "4");
  ok(node.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"));
  ok(node.status?.addresses?.every((one) => one.address === agent.hostIP));
  ok(node.status?.daemonEndpoints?.kubeletEndpoint?.Port);
  await agent.close();
  const { object } = await scene.change(NODES, () => true);
  const after = object.status?.conditions?.find((one) => one.type === "Ready");
  strictEqual(after?.status, "False");
  const lease = await new CoordinationV1Api(scene.client).namespace("kube-node-lease")
    .getLease("n1");
  strictEqual(lease.spec?.holderIdentity, "n1");
  strictEqual(lease.metadata?.ownerReferences?.[0]?.uid, node.metadata?.uid);
});

Deno.test("NodeAgent registers again when its Node object is deleted", async () => {
  await using scene = await Scene.start();
  await using _agent = await scene.agent();
  const before = await scene.api.getNode("n1");
  await scene.api.deleteNode("n1");
  await scene.change(NODES, ({ type, object }) => {
    const again = type !== "deleted" && object.metadata?.uid !== before.metadata?.uid;
    return again && object.status?.conditions?.some((one) => one.status === "True");
  });
});

Deno.test("NodeAgent deletes its Node object at the end when told to", async () => {
  await using scene = await Scene.start();
  const agent = await scene.agent({ onClose: "delete" });
  await agent.close();
  await rejects(scene.api.getNode("n1"), /not found/i);
});

Deno.test("NodeAgent runs a pod, serves its log and removes it within its grace", async () => {
  await using scene = await Scene.start();
  const agent = await scene.agent();
  await scene.shell("a", 'trap "exit 0" TERM; echo $POD_NAME at $POD_IP; sleep 1000 & wait', {
    containers: [{
      name: "main",
      env: [
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        POD_IP,
      ],
    }],
  });
  const pod = await scene.until("a", ready);
  strictEqual(pod.status?.phase, "Running");
  match(pod.status!.podIP!, /^127\./);
  const status = pod.status!.containerStatuses![0]!;
  match(status.containerID!, /^process:\/\/\d+$/);
  const lines = await scene.api.namespace("default").streamPodLog("a", { follow: true });
  const reader = lines.getReader();
  strictEqual((await reader.read()).value?.trim(), `a at ${pod.status!.podIP}`);
  await scene.api.namespace("default").deletePod("a");
  await scene.untilGone("a");
  strictEqual((await reader.read()).done, true);
  await agent.close();
  deepStrictEqual([...Deno.readDirSync(`${scene.dir}/n1/pods`)], []);
  deepStrictEqual(scene.errors, []);
});

Deno.test("NodeAgent runs init containers first, and ends a pod by its restart policy", async () => {
  await using scene = await Scene.start();
  await scene.agent();
  await scene.shell("a", 'cat "$TROUPE_VOLUME_SHARED/greeting"; exit 3', {
    restartPolicy: "Never",
    volumes: [{ name: "shared", emptyDir: {} }],
    initContainers: [{
      name: "init",
      image: "sh",
      args: ['echo hello > "$TROUPE_VOLUME_SHARED/greeting"'],
    }],
  });
  const pod = await scene.until("a", (one) => one.status?.phase === "Failed");
  const { exitCode, reason } = pod.status!.containerStatuses![0]!.state!.terminated!;
  deepStrictEqual({ exitCode, reason }, { exitCode: 3, reason: "Error" });
  strictEqual(pod.status!.initContainerStatuses![0]!.state!.terminated!.reason, "Completed");
  strictEqual(await scene.logs("a"), "hello\n");
});

Deno.test("NodeAgent restarts a container that crashes, with back-off and its last state", async () => {
  await using scene = await Scene.start();
  await scene.agent({ restartBackoff: FAST });
  await scene.shell("a", 'echo "run"; exit 4');
  const pod = await scene.until("a", (one) => {
    return waiting(one) === "CrashLoopBackOff" &&
      one.status!.containerStatuses![0]!.restartCount >= 2;
  });
  strictEqual(pod.status!.containerStatuses![0]!.lastState!.terminated!.exitCode, 4);
  strictEqual(await scene.logs("a", { previous: true }), "run\n");
  await scene.change(EVENTS, ({ object }) => object.reason === "BackOff");
});

Deno.test("NodeAgent says which images it knows when a pod has another", async () => {
  await using scene = await Scene.start();
  await scene.agent({ restartBackoff: FAST });
  await scene.pod("a", { containers: [{ name: "main", image: "nope" }] });
  const pod = await scene.until("a", (one) => waiting(one) === "ImagePullBackOff");
  match(pod.status!.containerStatuses![0]!.state!.waiting!.message!, /known images: "sh"/);
  strictEqual(pod.status?.phase, "Pending");
  await rejects(scene.logs("a"), /waiting to start: ImagePullBackOff/);
  await scene.api.namespace("default").deletePod("a");
  await scene.untilGone("a");
});

Deno.test("NodeAgent starts a container as soon as the Secret is there that it needs", async () => {
  await using scene = await Scene.start();
  await scene.agent({ restartBackoff: FAST });
  await scene.shell("a", 'echo "$KEY"; sleep 1000', {
    containers: [{
      name: "main",
      env: [{ name: "KEY", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
    }],
  });
  const pod = await scene.until("a", (one) => waiting(one) === "CreateContainerConfigError");
  strictEqual(
    pod.status!.containerStatuses![0]!.state!.waiting!.message,
    'secret "s" not found',
  );
  await scene.api.namespace("default")
    .createSecret({ metadata: { name: "s" }, data: { k: btoa("value") } });
  await scene.until("a", ready);
  strictEqual(await scene.firstLine("a"), "value");
});

Deno.test("NodeAgent reports a program that cannot be run as StartError with code 128", async () => {
  await using scene = await Scene.start();
  await scene.agent({ images: { bad: ["/no/such/program"] } });
  await scene.pod("a", { containers: [{ name: "main", image: "bad" }], restartPolicy: "Never" });
  const pod = await scene.until("a", (one) => one.status?.phase === "Failed");
  const { reason, exitCode } = pod.status!.containerStatuses![0]!.state!.terminated!;
  deepStrictEqual({ reason, exitCode }, { reason: "StartError", exitCode: 128 });
});

Deno.test("NodeAgent makes a pod ready by its HTTP probe, and not ready when that fails", async () => {
  await using scene = await Scene.start();
  await scene.agent({ images: DENO });
  const readinessProbe = {
    httpGet: { port: "http", path: "/" },
    periodSeconds: 1,
    failureThreshold: 1,
  };
  const ports = [{ containerPort: 8086, name: "http" }];
  const created = await scene.pod("a", { containers: [web({ readinessProbe, ports })] });
  const pod = await scene.until("a", ready);
  const home = `${scene.dir}/n1/pods/default_a_${created.metadata!.uid}`;
  Deno.writeTextFileSync(`${home}/broken`, "");
  await scene.until("a", (one) => one.status?.phase === "Running" && !ready(one));
  Deno.removeSync(`${home}/broken`);
  await scene.until("a", ready);
  strictEqual(pod.status!.containerStatuses![0]!.restartCount, 0);
});

Deno.test("NodeAgent restarts a container whose liveness probe fails", async () => {
  await using scene = await Scene.start();
  await scene.agent({ images: DENO });
  const livenessProbe = {
    exec: { command: ["/bin/sh", "-c", "test ! -e broken"] },
    periodSeconds: 1,
    failureThreshold: 1,
  };
  const created = await scene.pod("a", { containers: [web({ livenessProbe })] });
  await scene.until("a", ready);
  const home = `${scene.dir}/n1/pods/default_a_${created.metadata!.uid}`;
  Deno.writeTextFileSync(`${home}/broken`, "");
  await scene.until("a", (one) => one.status!.containerStatuses![0]!.restartCount === 1);
  await scene.change(
    EVENTS,
    ({ object }) => object.message === "Container main failed liveness probe, will be restarted",
  );
});

Deno.test("NodeAgent kills a container that ignores SIGTERM after its grace", async () => {
  await using scene = await Scene.start();
  await scene.agent();
  await scene.shell("a", 'trap "" TERM; echo up; while :; do sleep 1000; done');
  await scene.until("a", ready);
  strictEqual(await scene.firstLine("a"), "up");
  const killed = scene.until("a", (one) => one.status?.phase === "Failed");
  await scene.api.namespace("default").deletePod("a");
  strictEqual((await killed).status!.containerStatuses![0]!.state!.terminated!.exitCode, 137);
  await scene.untilGone("a");
});

Deno.test("NodeAgent gives pods ports of one address when they have no addresses", async () => {
  await using scene = await Scene.start();
  await scene.agent({ podAddresses: "ports", images: DENO });
  const readinessProbe = { httpGet: { port: 8086 }, periodSeconds: 1 };
  const code = WEB.replace("8086", 'Number(Deno.env.get("TROUPE_PORT"))');
  const env = [POD_IP, { name: "TROUPE_PORT", value: "8086" }];
  const ports = [{ containerPort: 8086 }];
  await scene.pod("a", { containers: [web({ args: [code], env, ports, readinessProbe })] });
  const pod = await scene.until("a", ready);
  strictEqual(pod.status?.podIP, "127.0.0.1");
  const port = pod.metadata!.annotations!["troupe.dev/port"]!;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  strictEqual(await response.text(), "fine");
});

Deno.test("NodeAgent starts a pod again, once, when the agent before it is gone", async () => {
  await using scene = await Scene.start();
  const first = await scene.agent();
  await scene.shell("a", "echo up; sleep 1000");
  await scene.shell("b", "sleep 1000", { restartPolicy: "Never" });
  const before = await scene.until("a", ready);
  await scene.until("b", ready);
  strictEqual(await scene.firstLine("a"), "up");
  await first.close();
  strictEqual((await scene.api.namespace("default").getPod("a")).status?.phase, "Running");
  await scene.agent();
  const after = await scene.until("a", (one) => {
    return one.status!.containerStatuses![0]!.restartCount === 1 && ready(one);
  });
  strictEqual(after.status?.podIP, before.status?.podIP);
  strictEqual(await scene.firstLine("a"), "up");
  strictEqual(await scene.logs("a", { previous: true }), "up\n");
  await scene.until("b", (one) => one.status?.phase === "Failed");
});

Deno.test("NodeAgent ends what a force-deleted pod ran", async () => {
  await using scene = await Scene.start();
  await scene.agent();
  await scene.shell("a", "sleep 1000");
  const pod = await scene.until("a", ready);
  const pid = Number(pod.status!.containerStatuses![0]!.containerID!.split("//")[1]);
  await scene.api.namespace("default").deletePod("a", { gracePeriodSeconds: 0 });
  const running = () => {
    try {
      Deno.kill(pid, "SIGCONT");
      return true;
    } catch {
      return false;
    }
  };
  while (running()) await new Promise((done) => setTimeout(done, 5));
});

Deno.test("NodeAgent runs simulated pods by the hundred, each by its stage", async () => {
  await using scene = await Scene.start();
  await using runtime = new SimulatedRuntime({ stage: () => ({ readyAfter: [1, 20] }) });
  await using agent = await scene.agent({ runtime, restartBackoff: FAST });
  const containers = [{ name: "main", image: "anything" }];
  const names = Array.from({ length: 200 }, (_, i) => `p${i}`);
  await Promise.all(names.map((name) => scene.pod(name, { containers })));
  const stage = { crashAfter: 5, exitCode: 9, crashes: 2 };
  const annotations = { [STAGE_ANNOTATION]: JSON.stringify(stage) };
  await scene.pod("crashes", { containers }, { annotations });
  const isReady = new Set<string>();
  await scene.change(PODS, ({ object }) => {
    if (ready(object)) isReady.add(object.metadata!.name!);
    return isReady.size === 201;
  });
  const crashed = await scene.until("crashes", (one) => {
    return one.status!.containerStatuses![0]!.restartCount === 2 && ready(one);
  });
  strictEqual(crashed.status!.containerStatuses![0]!.lastState!.terminated!.exitCode, 9);
  strictEqual(agent.podCount, 201);
  deepStrictEqual(scene.errors, []);
});

Deno.test("NodeAgent's refusals of a log reach kubectl as a Status", async () => {
  await using scene = await Scene.start();
  await scene.agent();
  await scene.shell("a", "echo up; exec sleep 1000");
  await scene.until("a", ready);
  await rejects(scene.logs("a", { previous: true }), {
    httpCode: 400,
    reason: "BadRequest",
    message: /previous terminated container "main" in pod "a" not found/,
  });
});

Deno.test("NodeAgent removes what pods left that went while it was away, and keeps the others'", async () => {
  await using scene = await Scene.start();
  const agent = await scene.agent();
  for (const name of ["gone", "kept"]) {
    await scene.shell(name, "echo up; exec sleep 1000");
    await scene.until(name, ready);
  }
  const left = () => Array.from(Deno.readDirSync(`${scene.dir}/n1/pods`), ({ name }) => name);
  strictEqual(left().length, 2);
  await agent.close();
  await scene.api.namespace("default").deletePod("gone", { gracePeriodSeconds: 0 });
  await scene.agent();
  match(left().join(), /^default_kept_[^,]+$/);
});
