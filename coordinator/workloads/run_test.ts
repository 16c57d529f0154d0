import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { LocalCluster } from "../../local/mod.ts";
import { Coordinator } from "../mod.ts";
import { Sandbox } from "../testdata/sandbox.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;

Deno.test("Coordinator.run() stores what is asked, and the same again changes nothing", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run({ ...W, envs: { A: "1" } });
  deepStrictEqual([workload.name, workload.namespace], ["w", "team"]);
  const before = await sandbox.apps.getDeployment("w");
  const account = await sandbox.core.getServiceAccount("w");
  deepStrictEqual(account.metadata!.ownerReferences!.map(({ kind, uid }) => ({ kind, uid })), [
    { kind: "Deployment", uid: before.metadata!.uid },
  ]);
  sandbox.requests.length = 0;
  await coordinator.run({ ...W, envs: { A: "1" } });
  const after = await sandbox.apps.getDeployment("w");
  strictEqual(after.metadata!.generation, before.metadata!.generation);
  deepStrictEqual(sandbox.requests.filter((line) => !line.startsWith("GET")), []);
});

Deno.test("Coordinator.run() takes away what is asked for no more", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await coordinator.run({ ...W, envs: { A: "1", B: "2" }, labels: { tier: "x" } });
  await coordinator.run({ ...W, envs: { B: "2" }, args: ["--fast"] });
  const { metadata, spec } = await sandbox.apps.getDeployment("w");
  const [container] = spec!.template.spec!.containers;
  const names = container!.env!.map((e) => e.name);
  ok(names.includes("B") && !names.includes("A"));
  deepStrictEqual(container!.args, ["--fast"]);
  strictEqual(metadata!.labels!.tier, undefined);
});

Deno.test("Coordinator.run() sends nothing when a parameter is bad", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await rejects(() => coordinator.run({ ...W, port: 70_000 }), { name: "TypeError" });
  deepStrictEqual(sandbox.requests, []);
});

Deno.test("Coordinator.run() leaves a Deployment of somebody else alone", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const labels = { app: "w" };
  await sandbox.apps.createDeployment({
    metadata: { name: "w" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "c" }] } },
    },
  });
  const before = await sandbox.apps.getDeployment("w");
  await rejects(() => coordinator.run(W), {
    message: 'Cannot run "w" in namespace "team": a Deployment of that name exists and is not ' +
      'of coordinator "boss"; choose another name or delete it',
  });
  const after = await sandbox.apps.getDeployment("w");
  strictEqual(after.metadata!.resourceVersion, before.metadata!.resourceVersion);
  const accounts = (await sandbox.core.getServiceAccountList()).items;
  deepStrictEqual(accounts.filter((account) => account.metadata?.name === "w"), []);
});

Deno.test("Coordinator.run() leaves a workload of another coordinator alone", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using other = await sandbox.coordinator({ name: "other" });
  await other.run(W);
  await using coordinator = await sandbox.coordinator();
  await rejects(() => coordinator.run(W), {
    message: 'Cannot run "w" in namespace "team": a Deployment of that name exists and ' +
      'belongs to coordinator "other"; choose another name or delete it',
  });
});

Deno.test("Coordinator.run() of one name by two coordinators at once lets just one have it", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using boss = await sandbox.coordinator();
  await using other = await sandbox.coordinator({ name: "other" });
  for (const name of ["a", "b", "c", "d", "e"]) {
    const results = await Promise.allSettled([boss, other].map((c) => c.run({ ...W, name })));
    deepStrictEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const winner = results[0]!.status === "fulfilled" ? "boss" : "other";
    const account = await sandbox.core.getServiceAccount(name);
    const deployment = await sandbox.apps.getDeployment(name);
    for (const { metadata } of [account, deployment]) {
      strictEqual(metadata!.labels!["troupe.dev/coordinator"], winner);
    }
  }
});

Deno.test("Coordinator.run() is refused when the coordinator has stopped", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await coordinator.stop();
  await rejects(() => coordinator.run(W), {
    message: 'Cannot run "w": the coordinator is stopped',
  });
  await rejects(() => workload.ready(), {
    message: 'Cannot go on: coordinator "boss" is stopped',
  });
});

Deno.test("Coordinator.run() right after delete() waits for the end and runs anew", async () => {
  await using cluster = await LocalCluster.start({ images: { "w:1": [] }, runtime: "simulated" });
  const { kubeconfig } = cluster;
  await using coordinator = await Coordinator.create({ name: "boss", kubeconfig });
  const old = await coordinator.run(W);
  await old.ready();
  const before = await old.pods();
  const deleted = old.delete();
  const anew = await coordinator.run(W);
  await deleted;
  await anew.ready();
  const after = await anew.pods();
  deepStrictEqual([before.length, after.length], [1, 1]);
  notStrictEqual(after[0]!.name, before[0]!.name);
});

Deno.test("Coordinator.run() ties workloads to the owner that the coordinator is told", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using plain = await sandbox.coordinator();
  await plain.run({ ...W, name: "self" });
  const { uid } = (await sandbox.apps.getDeployment("self")).metadata!;
  async function owners(): Promise<unknown[]> {
    const { metadata } = await sandbox.apps.getDeployment("w");
    return (metadata!.ownerReferences ?? []).map((reference) => reference.uid);
  }
  await using coordinator = await sandbox.coordinator({ name: "head", owner: "self" });
  const workload = await coordinator.run(W);
  deepStrictEqual(await owners(), [uid]);
  await workload.scale(2);
  deepStrictEqual(await owners(), [uid]);
  await rejects(coordinator.run({ ...W, namespace: "default" }), {
    message: 'Cannot run "w" in namespace "default": ' +
      'its owner, Deployment "self", is in namespace "team"',
  });
  await using free = await sandbox.coordinator({ name: "head" });
  await free.run(W);
  deepStrictEqual(await owners(), []);
  await using lost = await sandbox.coordinator({ name: "head", owner: "nobody" });
  await rejects(lost.run(W), { message: /deployments.apps "nobody".*not found/ });
});

Deno.test("Coordinator.run() as another kind replaces what ran under the name, and tells no unfinished state", async () => {
  await using cluster = await LocalCluster.start({ images: { "w:1": [] }, runtime: "simulated" });
  const { kubeconfig } = cluster;
  await using coordinator = await Coordinator.create({ name: "boss", kubeconfig });
  const told: string[] = [];
  coordinator.onWorkloadEvent(({ kind, type, replicas }) =>
    void told.push(`${kind} ${type} ${replicas}`)
  );
  const started = coordinator.start();
  const workload = await coordinator.run({ ...W, replicas: 2 });
  await workload.ready();
  await coordinator.run({ ...W, replicas: 2, identity: true });
  await workload.ready();
  deepStrictEqual((await workload.pods()).map(({ name }) => name), ["w-0", "w-1"]);
  await coordinator.stop();
  await started;
  ok(told.includes("Deployment deleted 2"), told.join(", "));
  ok(told.includes("StatefulSet ready 2"), told.join(", "));
  deepStrictEqual(told.filter((line) => line.endsWith(" 0")), []);
});

Deno.test("Coordinator.run() says that a disk cannot be changed in the words of its parameters", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const storage = { size: "1Gi", path: "/data" };
  await coordinator.run({ ...W, storage });
  await rejects(coordinator.run({ ...W, storage: { ...storage, size: "2Gi" } }), {
    message: 'Cannot run "w": "storage" cannot be changed of what is there; delete the workload, ' +
      "which keeps its disks, and run it again",
  });
});
