import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../local/apiserver/mod.ts";
import type { CoordinatorEvent, Escalation, RunParams } from "../mod.ts";
import { Heard } from "../testdata/heard.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import { until } from "../testdata/until.ts";

const W: RunParams = {
  name: "w",
  image: "w:1",
  replicas: 3,
  supervision: { maxRestarts: 0, onFailure: "stop" },
};

function writesIn(sandbox: Sandbox): string[] {
  return sandbox.requests.filter((line) => !line.startsWith("GET"));
}

/** Lets a worker of workload `w` fail, once it is supervised: what was before is no failure. */
async function failWorker(sandbox: Sandbox): Promise<void> {
  await sandbox.addPod("w-1");
  await until(async () => {
    const { metadata } = await sandbox.apps.getDeployment("w");
    return metadata?.annotations?.["troupe.dev/supervision"] !== undefined;
  });
  await sandbox.runPod("w-1", 1);
}

Deno.test("Coordinator stops a workload that fails, and neither repairs nor forgets that", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const told = new Heard<CoordinatorEvent>();
  {
    await using coordinator = await sandbox.coordinator();
    coordinator.onCoordinatorEvent(told.add);
    const started = coordinator.start();
    await coordinator.run(W);
    await failWorker(sandbox);
    const event = await told.until(({ type }) => type === "stoppedBySupervision");
    ok(event.type === "stoppedBySupervision");
    deepStrictEqual([event.workload, event.namespace, event.replicas], ["w", "team", 3]);
    await coordinator.stop();
    await started;
  }
  await using next = await sandbox.coordinator();
  const again = new Heard<CoordinatorEvent>();
  next.onCoordinatorEvent(again.add);
  const before = writesIn(sandbox).length;
  const workload = await next.run(W); // a program that is started again is no user who asks
  const started = next.start();
  await again.until(({ type }) => type === "leading" || type === "synced");
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 0);
  strictEqual(writesIn(sandbox).length, before);
  strictEqual(told.items.some(({ type }) => type === "drifted"), false);
  await workload.start();
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 3);
  await next.stop();
  await started;
});

Deno.test("Coordinator.onEscalation() hears which pods failed and how", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = new Heard<Escalation>();
  coordinator.onEscalation(heard.add);
  const started = coordinator.start();
  await coordinator.run({ ...W, supervision: { maxRestarts: 0, onFailure: "escalate" } });
  await failWorker(sandbox);
  const { workload, pods, failures, within } = await heard.until(() => true);
  deepStrictEqual([workload, pods, failures.length, within], ["w", ["w-1"], 1, 60_000]);
  await coordinator.stop();
  await started;
});

Deno.test("Coordinator.run() refuses workloads that come after each other", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const supervision = { app: "shop" };
  await coordinator.run({ ...W, name: "a", supervision: { ...supervision, after: ["b"] } });
  await rejects(
    coordinator.run({ ...W, name: "b", supervision: { ...supervision, after: ["a"] } }),
    { name: "TypeError", message: 'Cannot order app "shop": "a", "b" come after each other' },
  );
  await rejects(sandbox.apps.getDeployment("b"), /not found/);
});
