import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { plainClusterConfig } from "../../kube/mod.ts";
import { LocalCluster } from "../../local/mod.ts";
import { FaultProxy } from "../../testing/mod.ts";
import { Coordinator } from "../mod.ts";
import { Heard } from "../testdata/heard.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import { until } from "../testdata/until.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;

Deno.test("Workload.ready() resolves when what was applied is ready, before start() too", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run({ ...W, replicas: 2 });
  const ready = workload.ready();
  await sandbox.completeDeployment("w");
  await ready;
  await workload.ready();
  // what was ready before is not what is asked for now
  await workload.scale(3);
  await rejects(() => workload.ready({ timeout: 1 }), { name: "TimeoutError" });
  await sandbox.completeDeployment("w");
  await workload.ready();
});

Deno.test("Workload.ready() says why when the time is over", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await sandbox.addPod("p1");
  const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "w:1"' };
  await sandbox.setPod("p1", {
    phase: "Pending",
    containerStatuses: [
      {
        name: "worker",
        image: "w:1",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting },
      },
    ],
  });
  // what is not known yet cannot be told
  await until(async () => (await workload.pods())[0]?.reason === waiting.reason);
  await rejects(() => workload.ready({ timeout: 20 }), {
    name: "TimeoutError",
    message: 'Cannot wait longer for "w": not ready after 0.02 s, 0 of 1 ready; ' +
      'pod "p1" cannot pull image "w:1": Back-off pulling image "w:1" (ImagePullBackOff)',
  });
});

Deno.test("Workload.ready() says that there is no connection when the time is over", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const failed = new Heard<Error>();
  coordinator.onError(failed.add);
  const workload = await coordinator.run(W);
  await workload.pods();
  sandbox.goOffline();
  await failed.until((e) => e.message.includes("deployments"));
  await rejects(workload.ready({ timeout: 0 }), {
    message: /after 0 s, the connection is disconnected \(Cannot .*\); 0 of 1 ready$/,
  });
});

Deno.test("Workload.ready() may wait for ever, and refuses what is no time", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  const ready = workload.ready({ timeout: Infinity });
  await sandbox.completeDeployment("w");
  await ready;
  for (const timeout of [NaN, -1, "5" as never]) {
    await rejects(workload.ready({ timeout }), {
      name: "TypeError",
      message: /^Cannot wait for "w": "timeout" given (NaN|-1|"5"), allowed is a number of milli/,
    });
  }
});

Deno.test("Workload.ready() rejects when its signal aborts, at once if it has aborted", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  const controller = new AbortController();
  const ready = workload.ready({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await rejects(ready, { message: "enough" });
  await rejects(workload.ready({ signal: controller.signal }), { message: "enough" });
});

for (
  const [verb, pattern] of [["list", /GET .*\/pods\?/], [
    "watch",
    /GET .*\/pods\?.*watch=/,
  ]] as const
) {
  Deno.test(`Workload.ready() rejects when a role does not allow to ${verb}`, async () => {
    await using sandbox = await Sandbox.start(ApiServer);
    sandbox.refuse(pattern);
    await using coordinator = await sandbox.coordinator();
    coordinator.onError(() => {});
    const workload = await coordinator.run(W);
    const refused = { message: new RegExp(`verbs: \\["${verb}"\\]`) };
    await rejects(() => workload.ready(), refused);
    await rejects(() => workload.ready(), refused); // also when it was refused before
  });
}

Deno.test("Workload.ready() rejects when the workload is deleted", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await workload.pods();
  const ready = workload.ready();
  await sandbox.apps.deleteDeployment("w", { propagationPolicy: "Background" });
  await rejects(ready, { message: 'Cannot wait for "w": it was deleted' });
});

Deno.test("Workload.scale() changes the number and nothing else, by any handle", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const old = await coordinator.run({ ...W, image: "w:1" });
  await coordinator.run({ ...W, image: "w:2" });
  await old.scale(4);
  const { spec } = await sandbox.apps.getDeployment("w");
  strictEqual(spec!.replicas, 4);
  strictEqual(spec!.template.spec!.containers[0]!.image, "w:2");
  await rejects(() => old.scale(-1), /"replicas" given -1, allowed is an integer, 0 or more/);
});

Deno.test("Workload.scale() and Coordinator.run() take effect in the order of the calls", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  async function stored(): Promise<unknown[]> {
    const { spec } = await sandbox.apps.getDeployment("w");
    return [spec!.replicas, spec!.template.spec!.containers[0]!.image];
  }
  await Promise.all([workload.scale(3), coordinator.run({ ...W, image: "w:2", replicas: 4 })]);
  deepStrictEqual(await stored(), [4, "w:2"]);
  await Promise.all([coordinator.run({ ...W, image: "w:3", replicas: 5 }), workload.scale(6)]);
  deepStrictEqual(await stored(), [6, "w:3"]);
});

Deno.test("Workload.scale() does not bring back what was deleted", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await sandbox.apps.deleteDeployment("w", { propagationPolicy: "Background" });
  await rejects(() => workload.scale(2), { message: 'Cannot scale "w": it was deleted' });
});

Deno.test("Workload.delete() resolves when deployment and pods are gone, and can be repeated", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await sandbox.addPod("p1");
  await until(async () => (await workload.pods()).map((pod) => pod.name).join() === "p1");
  const deleted = workload.delete();
  await rejects(workload.delete({ timeout: 20 }), {
    name: "TimeoutError",
    message: /not gone after 0.02 s/,
  });
  await sandbox.core.deletePod("p1", { gracePeriodSeconds: 0 });
  // the garbage collector's part: the deployment waits for its dependents, once it is to be deleted
  await until(async () => {
    return (await sandbox.apps.getDeployment("w")).metadata!.deletionTimestamp != null;
  });
  await sandbox.apps.patchDeployment("w", "json-merge", { metadata: { finalizers: [] } });
  await deleted;
  deepStrictEqual(await workload.pods(), []);
  await workload.delete();
});

Deno.test("Workload.delete() resolves when the end is seen before the answer comes", async () => {
  await using cluster = await LocalCluster.start({ images: { "w:1": [] }, runtime: "simulated" });
  await using proxy = await FaultProxy.start({
    target: cluster.url,
    plan: { rules: [{ fault: "delay", method: "DELETE", ms: 500 }] },
  });
  await using coordinator = await Coordinator.create({
    name: "boss",
    config: plainClusterConfig(proxy.url),
  });
  const workload = await coordinator.run({ ...W, replicas: 0 });
  await workload.ready();
  await workload.delete({ timeout: 5_000 });
});

Deno.test("Workload.delete() deletes nothing of somebody else", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await using other = await sandbox.coordinator({ name: "other" });
  await other.run({ ...W, name: "theirs" });
  void workload.delete().catch(() => {});
  await coordinator.run({ ...W, name: "w2" });
  const line = sandbox.requests.find((request) => request.startsWith("DELETE"));
  match(line!, /\/deployments\/w$/);
  ok(await sandbox.apps.getDeployment("theirs"));
});

Deno.test("Workload.pods() are in the order of their names", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  for (const name of ["c", "a", "b"]) await sandbox.addPod(name);
  await until(async () => (await workload.pods()).length === 3);
  deepStrictEqual((await workload.pods()).map(({ name }) => name), ["a", "b", "c"]);
});
