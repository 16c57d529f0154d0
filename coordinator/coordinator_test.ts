import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { stub } from "@std/testing/mock";
import { Coordinator, type CoordinatorEvent, type DeploymentEvent, type PodEvent } from "./mod.ts";
import { ApiServer } from "../local/apiserver/mod.ts";
import { Heard } from "./testdata/heard.ts";
import { Sandbox } from "./testdata/sandbox.ts";

Deno.test("Coordinator tells what is there as replayed, then what changes", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await sandbox.addPod("p1");
  // by another one: who runs it hears of it as of a change, if its watch is slower than the answer
  await using earlier = await sandbox.coordinator();
  await earlier.run({ name: "w", image: "w:1" });
  await earlier.stop();
  await using coordinator = await sandbox.coordinator();
  const pods = new Heard<PodEvent>();
  const deployments = new Heard<DeploymentEvent>();
  coordinator.onPodEvent(pods.add);
  coordinator.onDeploymentEvent(deployments.add);
  const started = coordinator.start();
  const { kind, type, name, namespace, workload, phase, running, port, replayed } = await pods
    .until(() => true);
  deepStrictEqual({ kind, type, name, namespace, workload, phase, running, port, replayed }, {
    kind: "Pod",
    type: "pending",
    name: "p1",
    namespace: "team",
    workload: "w",
    phase: "Pending",
    running: false,
    port: 80,
    replayed: true,
  });
  ok((await deployments.until((e) => e.name === "w")).replayed);
  await sandbox.runPod("p1");
  const running1 = await pods.until((e) => e.running);
  deepStrictEqual([running1.type, running1.replayed, running1.podIP], [
    "ready",
    false,
    "127.0.0.1",
  ]);
  await sandbox.completeDeployment("w");
  strictEqual((await deployments.until((e) => e.ready)).readyReplicas, 1);
  await sandbox.core.deletePod("p1", { gracePeriodSeconds: 0 });
  const gone = await pods.until((e) => e.type === "deleted");
  deepStrictEqual([gone.name, gone.running], ["p1", false]);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator tells its own life and its connection in order", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  deepStrictEqual(coordinator.health, {
    state: "idle",
    stalenessMs: Infinity,
    leading: false,
    token: undefined,
    leader: undefined,
  });
  const events = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent(events.add);
  const started = coordinator.start();
  await events.until((e) => e.type === "synced");
  strictEqual(coordinator.health.state, "synced");
  ok(coordinator.health.stalenessMs < 60_000);
  await coordinator.stop();
  await started;
  deepStrictEqual(events.items.map((e) => e.type), [
    "started",
    "connected",
    "synced",
    "stopping",
    "stopped",
  ]);
});

Deno.test("Coordinator runs a handler for one pod in order, and merges while it is busy", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await sandbox.addPod("slow");
  await sandbox.addPod("quick");
  const all = new Heard<PodEvent>();
  const heard = new Heard<PodEvent>();
  const first = Promise.withResolvers<void>();
  coordinator.onPodEvent(async (e) => {
    heard.add(e);
    if (e.name === "slow") await first.promise;
  });
  coordinator.onPodEvent(all.add);
  const started = coordinator.start();
  await heard.until((e) => e.name === "slow");
  // the slow handler holds up neither another handler nor another object
  for (let restarts = 0; restarts < 5; restarts++) {
    await sandbox.runPod("slow", restarts);
    await all.until((e) => e.name === "slow" && e.running && e.restarts === restarts);
  }
  await sandbox.runPod("quick");
  await heard.until((e) => e.name === "quick" && e.running);
  await sandbox.core.deletePod("quick", { gracePeriodSeconds: 0 });
  await heard.until((e) => e.name === "quick" && e.type === "deleted");
  strictEqual(heard.items.filter((e) => e.name === "slow").length, 1);
  first.resolve();
  // all that happened meanwhile is told at once, with the last state
  await heard.until((e) => e.name === "slow" && e.type === "ready");
  const slow = heard.items.filter((e) => e.name === "slow");
  deepStrictEqual(slow.map((e) => [e.type, e.restarts]), [
    ["pending", 0],
    ["restarted", 4],
    ["ready", 4],
  ]);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator misses no deletion while it is cut off, and tells again what is there", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const pods = new Heard<PodEvent>();
  const events = new Heard<CoordinatorEvent>();
  coordinator.onError(() => {});
  coordinator.onPodEvent(pods.add);
  coordinator.onCoordinatorEvent(events.add);
  const started = coordinator.start();
  await sandbox.addPod("stays");
  await sandbox.addPod("goes");
  await pods.until((e) => e.name === "goes");
  sandbox.goOffline();
  ok((await events.until((e) => e.type === "disconnected")).error);
  strictEqual(coordinator.health.state, "disconnected");
  await sandbox.core.deletePod("goes", { gracePeriodSeconds: 0 });
  await sandbox.addPod("comes");
  const before = pods.items.length;
  sandbox.goOnline();
  await pods.until((e) => e.name === "comes");
  await pods.until((e) => e.name === "goes" && e.type === "deleted");
  await pods.until((e) => e.name === "stays" && e.replayed && pods.items.indexOf(e) >= before);
  const lost = events.items.findIndex((e) => e.type === "disconnected");
  await events.until((e) => e.type === "synced" && events.items.indexOf(e) > lost);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator tells again what is there when a lost watch resumes without a list", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const pods = new Heard<PodEvent>();
  const states = new Heard<CoordinatorEvent>();
  coordinator.onError(() => {});
  coordinator.onPodEvent(pods.add);
  coordinator.onCoordinatorEvent(states.add);
  const started = coordinator.start();
  await sandbox.addPod("stays");
  await pods.until((e) => e.name === "stays");
  await states.until((e) => e.type === "synced");
  sandbox.goOffline();
  await states.until((e) => e.type === "disconnected");
  const [before, asked] = [pods.items.length, sandbox.requests.length];
  sandbox.goOnline({ keepPast: true });
  const again = await pods.until((e) => pods.items.indexOf(e) >= before);
  deepStrictEqual([again.name, again.type, again.replayed], ["stays", "pending", true]);
  ok(sandbox.requests.slice(asked).every((line) => line.includes("watch=1")), "it listed");
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator reports what handlers throw and goes on", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const errors = new Heard<Error>();
  const pods = new Heard<PodEvent>();
  coordinator.onError(errors.add);
  coordinator.onPodEvent((e) => {
    if (e.name === "p1") throw new Error("sync");
  });
  coordinator.onPodEvent((e) => e.name === "p2" ? Promise.reject(new Error("async")) : undefined);
  coordinator.onPodEvent(pods.add);
  const started = coordinator.start();
  await sandbox.addPod("p1");
  await errors.until((e) => e.message === "sync");
  await sandbox.addPod("p2");
  await errors.until((e) => e.message === "async");
  await pods.until((e) => e.name === "p2");
  await coordinator.stop();
  await started;
  strictEqual(errors.items.length, 2);
});

Deno.test("Coordinator prints errors when there is no handler for them", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  using print = stub(console, "error");
  const thrown = Promise.withResolvers<void>();
  coordinator.onPodEvent(() => {
    thrown.resolve();
    throw new Error("nobody listens");
  });
  const started = coordinator.start();
  await sandbox.addPod("p1");
  await thrown.promise;
  await coordinator.stop();
  await started;
  deepStrictEqual(
    print.calls.map(({ args: [prefix, error] }) => `${prefix} ${error.message}`),
    ['coordinator "boss": nobody listens'],
  );
});

Deno.test("Coordinator tells a handler that is added later what is there, and none that is removed", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const early = new Heard<PodEvent>();
  const late = new Heard<PodEvent>();
  const off = coordinator.onPodEvent(early.add);
  const started = coordinator.start();
  await sandbox.addPod("p1");
  await early.until((e) => e.name === "p1");
  off();
  coordinator.onPodEvent(late.add);
  ok((await late.until((e) => e.name === "p1")).replayed);
  await sandbox.addPod("p2");
  await late.until((e) => e.name === "p2");
  ok(!early.items.some((e) => e.name === "p2"));
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator.events() is a sequence of all events that ends with the coordinator", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const seen: string[] = [];
  const events = coordinator.events();
  const started = coordinator.start();
  await sandbox.addPod("p1");
  for await (const e of events) {
    seen.push(e.kind === "Coordinator" ? e.type : `${e.kind} ${e.name}`);
    if (e.kind === "Pod") void coordinator.stop();
  }
  await started;
  strictEqual(seen[0], "started");
  ok(seen.includes("Pod p1"));
  strictEqual(seen.at(-1), "stopped");
  deepStrictEqual(await coordinator.events().next(), { done: true, value: undefined });
});

Deno.test("Coordinator.events() keeps every object's last state for a slow consumer", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const events = coordinator.events();
  const heard = new Heard<PodEvent>();
  coordinator.onPodEvent(heard.add);
  const started = coordinator.start();
  await sandbox.addPod("p1");
  for (let restarts = 0; restarts < 5; restarts++) {
    await sandbox.runPod("p1", restarts);
    await heard.until((e) => e.restarts === restarts && e.running);
  }
  await sandbox.addPod("p2");
  await heard.until((e) => e.name === "p2");
  await sandbox.core.deletePod("p2", { gracePeriodSeconds: 0 });
  await heard.until((e) => e.type === "deleted");
  await coordinator.stop();
  await started;
  const pods: PodEvent[] = [];
  for await (const e of events) if (e.kind === "Pod") pods.push(e);
  const p1 = pods.filter((e) => e.name === "p1");
  ok(p1.length <= 3, `${p1.length} events of one pod`);
  strictEqual(p1.at(-1)!.restarts, 4);
  strictEqual(pods.filter((e) => e.name === "p2").at(-1)!.type, "deleted");
});

Deno.test("Coordinator.events() throws the reason when its signal aborts", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const controller = new AbortController();
  const next = coordinator.events({ signal: controller.signal }).next();
  controller.abort(new Error("enough"));
  await rejects(next, { message: "enough" });
  const late = coordinator.events({ signal: controller.signal });
  await rejects(late.next(), { message: "enough" });
  deepStrictEqual(await late.next(), { done: true, value: undefined });
});

Deno.test("Coordinator watches the namespaces of its workloads and those it is told", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator({ namespaces: ["second"] });
  const events = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent(events.add);
  const started = coordinator.start();
  await events.until((e) => e.type === "synced");
  const watched = (namespace: string) =>
    sandbox.requests.some((line) => line.includes(`/namespaces/${namespace}/pods`));
  ok(watched("team") && watched("second"));
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator reports a role that does not allow to watch", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  sandbox.refuse(/GET .*\/pods/);
  await using coordinator = await sandbox.coordinator();
  const errors = new Heard<Error>();
  const events = new Heard<CoordinatorEvent>();
  coordinator.onError(errors.add);
  coordinator.onCoordinatorEvent(events.add);
  const started = coordinator.start();
  const error = await errors.until(() => true);
  match(error.message, /resources: \["pods"\], verbs: \["list"\]/);
  match((await events.until((e) => e.type === "disconnected")).error!.message, /pods/);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator.create() names every bad option", async () => {
  const options = { name: "B_", namespace: "a b", grace: -1, budget: { perSecond: 0 }, nme: "" };
  await rejects(() => Coordinator.create(options as never), (e: Error) => {
    ok(e instanceof TypeError);
    match(e.message, /^Cannot create coordinator: /);
    for (const part of ['"name" given "B_"', '"namespace" given "a b"', '"grace" given -1']) {
      ok(e.message.includes(part), part);
    }
    match(e.message, /"budget\.perSecond" given 0, allowed is { perSecond, burst }/);
    match(e.message, /"nme" is no known field/);
    return true;
  });
});

Deno.test("Coordinator.explain() says why a pod is in its state", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const failing = new Heard<PodEvent>();
  coordinator.onPodEvent(failing.add);
  const started = coordinator.start();
  await sandbox.addPod("p");
  const waiting = { reason: "ErrImagePull", message: "manifest unknown" };
  const status = { name: "worker", image: "w:1", imageID: "", ready: false, restartCount: 0 };
  await sandbox.setPod("p", {
    phase: "Pending",
    containerStatuses: [{ ...status, state: { waiting } }],
  });
  const event = await failing.until(({ type }) => type === "failing");
  match(coordinator.explain(event)[0]!, /^pod "p" cannot pull image "w:1": manifest unknown/);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator.recorder links what a handler does to the change that it heard of", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run({ name: "w", image: "w:1" });
  const scaled = Promise.withResolvers<void>();
  coordinator.onPodEvent(() => workload.scale(2).then(scaled.resolve, scaled.reject));
  const started = coordinator.start();
  await sandbox.addPod("p");
  await scaled.promise;
  await coordinator.stop();
  await started;
  const entries = [...coordinator.recorder];
  const runs = entries.filter((e) => e.kind === "operation" && e.operation === "run");
  deepStrictEqual(runs.map((e) => "outcome" in e && e.outcome), ["started", "ok"]);
  const write = entries.findLast((e) => e.kind === "write" && e.verb === "patch")!;
  deepStrictEqual(
    coordinator.recorder.chain(write.id).map((e) => [e.kind, "object" in e && e.object?.name]),
    [["change", "p"], ["operation", "w"], ["write", false]],
  );
});
